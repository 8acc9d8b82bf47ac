"""Time and memory of ranking a thousand solutions."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.known_skill import World, draw
from benchmarks.report import Figure, MeasurementError, Part
from competition.ranking.inference import infer
from competition.ranking.resampling import Contestant, resample

N_SOLUTIONS, N_CLUSTERS, N_ROWS = 1_000, 200, 20_000
LIMIT_SECONDS = 3.0
LIMIT_MB = 500.0
FIELDS = {"all of equal skill": (0.78, 0.78), "of spread skill": (0.65, 0.85)}


def measure(rounds: int, say: Callable[[str], None]) -> Part:
    """Rank in a fresh process each time.

    Raises
    ------
    MeasurementError
        If a process fails.
    """
    figures = []
    for name, (least, most) in FIELDS.items():
        taken = [_ranked(least, most) for _ in range(rounds)]
        seconds, peaks = zip(*taken, strict=True)
        say(f"{name}: " + ", ".join(f"{one:.2f} s" for one in seconds))
        figures += [
            Figure.median(f"{N_SOLUTIONS:,} solutions {name}", seconds, "s", LIMIT_SECONDS),
            Figure.median("  memory of the process, peak", peaks, "MB", LIMIT_MB),
        ]
    return Part(
        f"ranking: {N_SOLUTIONS:,} solutions, {N_CLUSTERS} clusters, 2,000 resamples, F1",
        "From statistics by cluster to intervals, shares of first places and ranges of ranks; imports apart.",
        tuple(figures),
    )


def _ranked(least: float, most: float) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.ranking", str(least), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise MeasurementError(f"ranking ended with {done.returncode}: {done.stderr[-500:]}")
    seconds, peak = json.loads(done.stdout)
    return float(seconds), float(peak)


def main(least: float, most: float) -> None:
    """Rank once; print seconds and the peak of memory in 10⁶ bytes."""
    import resource

    generator = np.random.default_rng(0)
    world = World("rows", N_CLUSTERS, N_ROWS)
    skill = np.linspace(least, most, N_SOLUTIONS)
    contestants: list[Contestant] = []
    for part in np.array_split(skill, N_SOLUTIONS // 20):  # the rows of all solutions at once would be the peak
        contest = draw(world, part, "f1", generator)
        contestants += contest.contestants
    started = time.perf_counter()
    infer(resample(contestants, contest.scorer, 0))
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
