"""`podium run` with nothing to do, beside a Python that does nothing."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.contest import copied, prepared_slug, solution
from benchmarks.report import Figure, Part
from benchmarks.timing import timed
from competition.repository import Repository

LIMIT_SECONDS = 0.7
N_SOLUTIONS = 84
RUNS_A_ROUND = 3
CORE = ("catboost", "imbalanced-learn", "lightgbm", "numpy", "pandas", "scikit-learn", "xgboost")
DUMMY = '''"""Random labels, number {number}."""

from sklearn.dummy import DummyClassifier


def make_estimator(random_state: int, n_threads: int) -> DummyClassifier:
    """Draw labels at the rate of the training rows."""
    return DummyClassifier(strategy="stratified", random_state=random_state + {number})
'''


def measure(
    repository: Repository, slug: str | None, rounds: int, level: str, scratch: Path, say: Callable[[str], None]
) -> Part:
    """Fill the cache, then run again.

    Raises
    ------
    MeasurementError
        If a run fails.
    """
    slug = prepared_slug(repository, slug)
    names = [f"dummy_{number:02}" for number in range(N_SOLUTIONS)]
    texts = {name: solution(name, DUMMY.format(number=at), CORE) for at, name in enumerate(names)}
    contest = copied(repository, slug, scratch / "cached", texts)
    run = contest.run("--isolation", level)
    filled = timed(run, contest.root)
    n_trials = sum(len(result.trials) for result in contest.results())
    say(f"{slug}: {n_trials} trials run in {filled:.1f} s")
    sides = {
        "podium run, nothing to do": run,
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds * RUNS_A_ROUND):
        for name, command in sides.items():
            seconds[name].append(timed(command, contest.root))
    rescored = []
    for _ in range(rounds):
        shutil.rmtree(Repository(contest.root).local_results(slug))
        rescored.append(timed(run, contest.root))
    first, *others = sides
    return Part(
        f"cached: {slug}, {N_SOLUTIONS} solutions, {n_trials} trials, {level}",
        f"Whole processes on a terminal, the board printed, median of {rounds * RUNS_A_ROUND} that take turns. "
        "Results removed: every trial comes out of the cache and is scored again.",
        (
            Figure.median(first, seconds[first], "s", LIMIT_SECONDS),
            *(Figure.median(name, seconds[name], "s") for name in others),
            Figure.median("podium run, results removed", rescored, "s"),
            Figure("podium run, all trials", filled, "s"),
        ),
    )
