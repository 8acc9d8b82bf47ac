"""Time Podium beside a bare scikit-learn loop over the same models, folds and held-out rows.

Usage: ``python -m benchmarks [SLUG] [--rounds N]``. Each side is a whole process; they take turns, and the ratio of a
round is printed, since the speed of a shared machine drifts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

MODELS = ("logistic_regression", "hist_gradient_boosting", "lightgbm_plain", "xgboost_plain", "catboost_plain")
BARE_LOOP = Path(__file__).parent / "bare_loop.py"


def main() -> None:
    """Take the measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slug", nargs="?", default="cellular-anomaly")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    subprocess.run([*_podium(), "prepare", arguments.slug, "--json"], check=True, stdout=subprocess.DEVNULL)
    commands = {
        "podium run": [*_podium(), "run", arguments.slug, *MODELS],
        "bare loop": [sys.executable, str(BARE_LOOP), arguments.slug, *MODELS],
    }
    print(f"{arguments.slug}, {len(MODELS)} models, {os.cpu_count()} cores, whole processes")
    ratios = []
    for number in range(1, arguments.rounds + 1):
        seconds = {name: _time(command) for name, command in commands.items()}
        ratios.append(seconds["podium run"] / seconds["bare loop"])
        print(f"round {number}: " + ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
    print(f"podium run / bare loop: median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def _podium() -> list[str]:
    return [sys.executable, "-m", "competition.cli"]


def _time(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
