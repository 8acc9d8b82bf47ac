"""What a trial costs beyond fit, predict, gathering the rows and scoring."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.board import CHECKOUT
from benchmarks.contest import Contest, solution
from benchmarks.drawn import LTE_SHAPE, lte_like
from benchmarks.report import Figure, Part
from benchmarks.timing import timed

LIMIT_MS = 15.0
FEW, MANY = 4, 40  # repeats of 5 folds
MORE = 5 * (MANY - FEW)
MS = 1e3
NOTHING = solution(
    "nothing",
    '''"""Learns nothing."""

import numpy as np


class Nothing:
    """Says the first class of every row."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def predict_proba(self, X):
        return np.tile([0.7, 0.3], (len(X), 1))


def make_estimator(random_state, n_threads):
    return Nothing()
''',
)


def measure(rounds: int, level: str, scratch: Path, say: Callable[[str], None]) -> Part:
    """Compare runs with few and with many trials of a solution that does nothing, on one worker.

    Raises
    ------
    MeasurementError
        If a run fails.
    """
    few, many = (lte_like(scratch / str(repeats), {"nothing": NOTHING}, repeats) for repeats in (FEW, MANY))
    gathering, scoring, summarising = _parts(many, level)
    whole, in_worker = [], []
    for number in range(1, rounds + 1):
        options = ("--fresh", "--jobs", "1", "--isolation", level)
        short, long = (timed(contest.run(*options), contest.root) for contest in (few, many))
        (result,) = many.results()
        told = statistics.fmean((trial.fit_seconds or 0) + (trial.predict_seconds or 0) for trial in result.trials)
        recorded = statistics.fmean(trial.wall_seconds for trial in result.trials)
        whole.append(((long - short) / MORE - told) * MS)
        in_worker.append((recorded - told) * MS - gathering)
        say(f"round {number}: {5 * FEW + 1} trials {short:.2f} s, {5 * MANY + 1} trials {long:.2f} s")
    return Part(
        f"overhead: one worker, {level}; {LTE_SHAPE}, 5 folds; a solution that does nothing",
        f"Whole `podium run --fresh` of {5 * MANY + 1} trials less one of {5 * FEW + 1}, by the trials between: "
        "planning, hashing, hand-over, fork, confinement, answer, checks, cache entry and progress all count, and "
        "so does what the larger run takes longer to read. Less what the trials tell of fit and predict; "
        "gathering, timed in a forked child; and summarising, the part of scoring that comes after the last trial, "
        "timed apart. Each trial's own scores are made beside the next trial, so they are not taken off: the first "
        "figure is the most that it can be. In the worker: from fork to end of the trial as recorded, less fit, "
        "predict and gathering.",
        (
            Figure.median(
                "beyond fit, predict, gathering, summarising",
                [one - gathering - summarising for one in whole],
                "ms",
                LIMIT_MS,
            ),
            Figure.median("of it in the worker", in_worker, "ms"),
            Figure("gathering the rows of a trial", gathering, "ms"),
            Figure("scoring a trial, beside the next one", scoring, "ms"),
            Figure("summarising, by the trials", summarising, "ms"),
            Figure.median("a trial in all, less fit and predict", whole, "ms"),
        ),
    )


def _parts(contest: Contest, level: str) -> tuple[float, float, float]:
    """Milliseconds a trial of gathering, of scoring and of summarising; a run must have left a result."""
    timed(contest.run("--jobs", "1", "--isolation", level), contest.root)
    command = [sys.executable, "-m", "benchmarks.sides.parts", str(contest.root), contest.slug]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = json.loads(subprocess.run(command, cwd=CHECKOUT, env=env, check=True, capture_output=True).stdout)
    gathering, scoring, summarising = (
        told[part] / told["trials"] * MS for part in ("gathering", "scoring", "summarising")
    )
    return gathering, scoring, summarising
