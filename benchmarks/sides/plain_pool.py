"""The same trials in a plain pool of processes: fit, predict, score, and nothing else.

No isolation, no limits, no records. Processes are forked before anything is imported, so that both import at the same
time. Usage: ``python -m benchmarks.sides.plain_pool DATA THREADS PROCESSES OUTPUT FILE ...``, with OUTPUT ``labels``
(and F1 alone) or ``probabilities`` (and every metric).
"""

import multiprocessing
import runpy
import sys
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.sides.rows import Rows

HELD_OUT = -1


@dataclass(frozen=True)
class Trial:
    """One fit and one predict."""

    data: Path
    threads: int
    labels_only: bool
    file: str
    fold: int


def main(data: Path, threads: int, processes: int, labels_only: bool, files: list[str]) -> None:
    """Print the F1 of each model, over folds and on the held-out rows."""
    names = zipfile.ZipFile(data / "prepared" / "folds.npz").namelist()
    folds = range(sum(name.endswith("/train.npy") for name in names))
    trials = [Trial(data, threads, labels_only, file, fold) for file in files for fold in (*folds, HELD_OUT)]
    scores: dict[str, dict[int, float]] = defaultdict(dict)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for trial, score in pool.imap_unordered(_run, trials):
            scores[trial.file][trial.fold] = score
    for file in files:
        over_folds = sum(scores[file][fold] for fold in folds) / len(folds)
        print(f"{Path(file).stem} {over_folds:.4f} {scores[file][HELD_OUT]:.4f}")


def _run(trial: Trial) -> tuple[Trial, float]:
    from benchmarks.sides.scores import predict_and_score

    rows = _rows(trial.data)
    estimator = _factory(trial.file)(random_state=rows.seed, n_threads=trial.threads)
    if trial.fold == HELD_OUT:
        estimator.fit(rows.X, rows.y)
        return trial, predict_and_score(estimator, rows.X_heldout, rows.y_heldout, trial.labels_only)
    train, valid = rows.folds[trial.fold]
    estimator.fit(rows.X.iloc[train], rows.y[train])
    return trial, predict_and_score(estimator, rows.X.iloc[valid], rows.y[valid], trial.labels_only)


@cache
def _rows(data: Path) -> "Rows":
    from benchmarks.sides import rows

    return rows.read(data)


@cache
def _factory(file: str) -> Any:
    return runpy.run_path(file)["make_estimator"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "labels", sys.argv[5:])
