"""Two jobs of one thread beside one job of two threads: the same models, whole `podium run`."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.board import SOLUTIONS
from benchmarks.drawn import LTE_SHAPE, lte_like
from benchmarks.report import Figure, Part
from benchmarks.timing import timed

MODELS = ("hist_gradient_boosting", "lightgbm_300", "xgboost_300", "catboost_300")
WAYS = {"two jobs, one thread": (2, 1), "one job, two threads": (1, 2)}


def measure(rounds: int, level: str, scratch: Path, say: Callable[[str], None]) -> Part:
    """Let both ways take turns.

    Raises
    ------
    MeasurementError
        If a run fails.
    """
    texts = {name: (SOLUTIONS / f"{name}.py").read_text("utf-8") for name in MODELS}
    contests = {name: lte_like(scratch / name, texts, threads=threads) for name, (_, threads) in WAYS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(1, rounds + 1):
        for name, (jobs, _) in WAYS.items():
            command = contests[name].run("--fresh", "--jobs", str(jobs), "--isolation", level)
            seconds[name].append(timed(command, contests[name].root))
            contests[name].results()
        say(f"round {number}: " + ", ".join(f"{name} {values[-1]:.1f} s" for name, values in seconds.items()))
    ratios = [wide / narrow for narrow, wide in zip(*seconds.values(), strict=True)]
    return Part(
        f"threads: {level}; {len(MODELS)} boosters, {LTE_SHAPE}, 5 folds and the held-out rows",
        "Whole `podium run --fresh` on a terminal; the ratio is that of each round.",
        (
            *(Figure.median(f"{name}, wall time", values, "s") for name, values in seconds.items()),
            Figure.median("one job, two threads / two jobs, one thread", ratios, ""),
        ),
    )
