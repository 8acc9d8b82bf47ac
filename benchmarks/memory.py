"""Memory of the harness beside the models, and what moves between its processes."""

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.board import MODELS, SOLUTIONS
from benchmarks.contest import copied, prepared_slug, solution
from benchmarks.drawn import wide
from benchmarks.processes import Sample, watch
from benchmarks.report import Figure, MeasurementError, Part
from competition.repository import Repository

LIMIT_MB = 600.0
LIMIT_KB = 64.0
LIMIT_GROWTH_MB = 10.0
LIMIT_COPIES = 1.1
MB, KB = 1e6, 1e3
MIN_SAMPLES = 8
JOBS = 2
COUNTED = str(Path(__file__).parent / "sides" / "counted.py")
ROWS, COLUMNS, N_SOLUTIONS, N_SPLITS = 100_000, 50, 40, 4
N_TRIALS = N_SOLUTIONS * (N_SPLITS + 1)

ASLEEP = solution(
    "asleep",
    '''"""Loads every library and waits, so that nothing but the harness has memory."""

import time

import catboost
import imblearn.over_sampling
import lightgbm
import numpy as np
import sklearn.ensemble
import xgboost


class Asleep:
    """Says the first class of every row, after a while."""

    def fit(self, X, y):
        time.sleep(1)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def make_estimator(random_state, n_threads):
    return Asleep()
''',
    ("catboost", "imbalanced-learn", "lightgbm", "numpy", "scikit-learn", "xgboost"),
)
TRIVIAL = '''"""Trivial, number {number}."""

import time

import numpy as np


class Trivial:
    """Says the first class of every row, after a moment: a sample needs processes that stay while it is taken."""

    def fit(self, X, y):
        time.sleep(0.3)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def make_estimator(random_state, n_threads):
    return Trivial()
'''


def measure(repository: Repository, slug: str | None, level: str, scratch: Path, say: Callable[[str], None]) -> Part:
    """Sample the processes of three runs.

    Raises
    ------
    MeasurementError
        If a run fails.
    """
    slug = prepared_slug(repository, slug)
    say("the six models")
    light = _run_of_models(repository, slug, level, scratch / "models", _texts())
    say("a solution that waits")
    idle = _run_of_models(repository, slug, level, scratch / "asleep", {"asleep": ASLEEP})
    asleep = [sample.harness for sample in idle if sample.n_trials == JOBS]
    if not asleep:
        raise MeasurementError("no sample while the trials slept; this machine is too busy")
    say(f"a scan of {N_TRIALS} trials")
    small, _, _ = _scan(1_000, level, scratch / "small")
    large, sent, moved = _scan(ROWS, level, scratch / "large")
    features = ROWS * COLUMNS * 8
    shared = _middle(large, "by_descriptor", 0.5) / features
    copies = (_middle(large, "harness", 0.5) - _middle(small, "harness", 0.5)) / features
    return Part(
        f"memory: {JOBS} jobs, {level}; {slug}, and a scan of {ROWS:,} rows × {COLUMNS} columns × {N_TRIALS} trials",
        "Proportional set size (PSS) of podium, its workers and their trials, less the private memory of the trials, "
        "plus shared memory held by descriptor; sampled every 50 ms or a little less often. Idle: trials that sleep, "
        "all libraries loaded. Pipes and sockets: every byte that podium sends or receives, less 4 bytes a predicted "
        "row. Growth: median of the last quarter of the scan less that of its third. Copies: what the harness holds in "
        "its last half beyond what it holds in one of 1,000 rows, by the size of the features.",
        (
            Figure(f"harness, peak over {len(light)} samples of the six models", _peak(light), "MB", LIMIT_MB),
            Figure("harness, idle", statistics.median(asleep) / MB, "MB", LIMIT_MB),
            Figure("trials of the six models, private, peak", max(one.trials for one in light) / MB, "MB"),
            Figure("through pipes and sockets, a trial of the scan", sent / N_TRIALS / KB, "kB", LIMIT_KB),
            Figure("read and written by podium, shared memory included, a trial", moved / N_TRIALS / KB, "kB"),
            Figure("features of a trial", features / KB, "kB"),
            Figure("growth of shared memory over the scan", _growth(large, "by_descriptor"), "MB", LIMIT_GROWTH_MB),
            Figure("growth of the harness over the scan", _growth(large, "harness"), "MB", LIMIT_GROWTH_MB),
            Figure("copies of the features in shared memory", shared, "", LIMIT_COPIES),
            Figure("copies of the features in the harness", copies, ""),
            Figure("harness, peak in the scan", _peak(large), "MB"),
        ),
    )


def _texts() -> dict[str, str]:
    return {name: (SOLUTIONS / f"{name}.py").read_text("utf-8") for name in MODELS}


def _run_of_models(
    repository: Repository, slug: str, level: str, root: Path, solutions: dict[str, str]
) -> list[Sample]:
    contest = copied(repository, slug, root, solutions)
    seen = watch(contest.run("--fresh", "--jobs", str(JOBS), "--isolation", level), contest.root)
    contest.results()
    if not any(sample.n_trials for sample in seen.samples):
        raise MeasurementError("no trial was seen among the processes")
    return seen.samples


def _scan(n_rows: int, level: str, root: Path) -> tuple[list[Sample], int, int]:
    """Return samples, bytes through pipes and sockets beyond the predictions, and all bytes read and written."""
    names = [f"trivial_{number:02}" for number in range(N_SOLUTIONS)]
    texts = {name: solution(name, TRIVIAL.format(number=at)) for at, name in enumerate(names)}
    contest = wide(root, texts, n_rows, COLUMNS, N_SPLITS)
    counts = root / "bytes.json"
    _, *arguments = contest.run("--fresh", "--jobs", str(JOBS), "--isolation", level)
    seen = watch([sys.executable, COUNTED, str(counts), *arguments], contest.root)
    trials = [trial for result in contest.results() for trial in result.trials]
    if len(trials) != N_TRIALS:
        raise MeasurementError(f"podium ran {len(trials)} trials, not {N_TRIALS}")
    predictions = sum(4 * trial.rows_predict for trial in trials)
    return seen.samples, sum(json.loads(counts.read_text("utf-8")).values()) - predictions, seen.moved


def _peak(samples: Sequence[Sample]) -> float:
    return max(sample.harness for sample in samples) / MB


def _middle(samples: Sequence[Sample], name: str, begin: float, end: float = 1.0) -> float:
    """Median of a part of the time in which there were trials."""
    at_work = [getattr(sample, name) for sample in samples if sample.n_trials]
    if len(at_work) < MIN_SAMPLES:
        raise MeasurementError(f"{len(at_work)} samples of a scan; this machine is too busy")
    return float(statistics.median(at_work[int(begin * len(at_work)) : int(end * len(at_work))]))


def _growth(samples: Sequence[Sample], name: str) -> float:
    return (_middle(samples, name, 0.75) - _middle(samples, name, 0.5, 0.75)) / MB
