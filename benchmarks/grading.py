"""Time of checking and scoring a submission of a million rows, beside a plain grader in pandas."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import Figure, MeasurementError, Part
from competition.definition import Competition
from competition.evaluation.scoring import heldout_metrics
from competition.submission import read_submission

N_ROWS = 1_000_000
LIMIT_SECONDS = 0.15
RARE = 0.1
Scores = dict[str, float | None]


@dataclass(frozen=True)
class Case:
    """A kind of submission.

    Parameters
    ----------
    kind : {"value", "probability", "number"}
        Whole labels, probabilities, or numbers of a regression, with all the digits of a float.
    metrics : tuple of str
        The primary one first.
    """

    name: str
    kind: Literal["value", "probability", "number"]
    metrics: tuple[str, ...]

    @property
    def rules(self) -> Competition:
        """Rules of a competition with such submissions."""
        task = "regression" if self.kind == "number" else "binary"
        data: dict[str, Any] = {"id": "id", "target": "target"} | ({"positive": 1} if task == "binary" else {})
        kind = "value" if self.kind == "number" else self.kind
        return Competition.model_validate(
            {
                "competition": {"slug": "million", "title": "A million rows", "task": task, "seed": 1},
                "data": data,
                "split": {"strategy": "random"},
                "cv": {"strategy": "random"},
                "submission": {"kind": kind},
                "metric": {"primary": self.metrics[0], "also": self.metrics[1:]},
            }
        )


CASES = (
    Case("labels, F1", "value", ("f1",)),
    Case("labels, F1 and two more", "value", ("f1", "precision", "recall")),
    Case("probabilities, F1", "probability", ("f1",)),
    Case(
        "probabilities, average precision and three more",
        "probability",
        ("average_precision", "roc_auc", "f1", "log_loss"),
    ),
    Case("numbers, RMSE and R2", "number", ("root_mean_squared_error", "r2")),
)


@dataclass(frozen=True)
class Key:
    """The answer key: ids, truth, and which rows are public."""

    ids: NDArray[np.int64]
    truth: NDArray[Any]
    public: NDArray[np.bool_]


def measure(rounds: int, scratch: Path, say: Callable[[str], None]) -> Part:
    """Grade files whose rows are shuffled; the two sides take turns.

    Raises
    ------
    MeasurementError
        If the two sides do not agree on a score.
    """
    figures = []
    for case in CASES:
        key, file = _drawn(case, scratch)
        _podium(case, key, file)  # the first time, much is imported
        _pandas(case, key, file)
        ours, plain = [], []
        for _ in range(rounds):
            seconds, scores = _timed(_podium, case, key, file)
            ours.append(seconds)
            seconds, other = _timed(_pandas, case, key, file)
            plain.append(seconds)
        of_primary = f"{case.metrics[0]}/public"
        if not np.isclose(scores[of_primary] or np.nan, other[of_primary] or np.nan):
            raise MeasurementError(f"{case.name}: {scores[of_primary]} and {other[of_primary]}")
        say(f"{case.name}: " + ", ".join(f"{one:.3f} s" for one in ours))
        figures += [
            Figure.median(case.name, ours, "s", LIMIT_SECONDS),
            Figure.median(
                "  a plain grader in pandas takes as many times as long", np.divide(plain, ours).tolist(), ""
            ),
        ]
    return Part(
        f"grading: a submission of {N_ROWS:,} rows",
        "Read, check ids, duplicates, missing rows, missing and impossible values, align, score the public and the "
        "private half; imports apart. The plain grader is `read_csv`, the same checks, `merge` and scikit-learn.",
        tuple(figures),
    )


def _timed(grade: Callable[[Case, Key, Path], Scores], case: Case, key: Key, file: Path) -> tuple[float, Scores]:
    started = time.perf_counter()
    scores = grade(case, key, file)
    return time.perf_counter() - started, scores


def _drawn(case: Case, scratch: Path) -> tuple[Key, Path]:
    generator = np.random.default_rng(0)
    truth = (generator.random(N_ROWS) < RARE).astype(np.int32)
    certain = 1 / (1 + np.exp(2 - 2 * truth - generator.standard_normal(N_ROWS)))
    key = Key(np.arange(N_ROWS) + 1_000, truth, generator.random(N_ROWS) < 0.5)
    values: NDArray[Any] = (certain > 0.5).astype(int) if case.kind == "value" else certain
    if case.kind == "number":
        key = Key(key.ids, truth.astype(np.float64), key.public)
    form = case.rules.submission
    table = pd.DataFrame({form.id: key.ids, form.prediction: values}).sample(frac=1, random_state=0)
    file = scratch / f"{case.kind}.csv"
    table.to_csv(file, index=False)
    return key, file


def _podium(case: Case, key: Key, file: Path) -> Scores:
    rules = case.rules
    classes = [] if case.kind == "number" else [0, 1]
    submission = read_submission(file, rules, key.ids, classes)
    by_name = {name: rules.scorer(name, len(classes)) for name in rules.metric_names}
    return heldout_metrics(submission.predictions, key.truth, {"public": key.public, "private": ~key.public}, by_name)


def _pandas(case: Case, key: Key, file: Path) -> Scores:
    import sklearn.metrics as sk

    score_of: dict[str, Callable[[Any, Any], float]] = {
        "f1": lambda truth, given: sk.f1_score(truth, given >= 0.5),
        "precision": lambda truth, given: sk.precision_score(truth, given >= 0.5),
        "recall": lambda truth, given: sk.recall_score(truth, given >= 0.5),
        "average_precision": sk.average_precision_score,
        "roc_auc": sk.roc_auc_score,
        "log_loss": sk.log_loss,
        "root_mean_squared_error": sk.root_mean_squared_error,
        "r2": sk.r2_score,
    }
    form = case.rules.submission
    given = pd.read_csv(file)
    if list(given.columns) != [form.id, form.prediction] or given.isna().any().any():
        raise ValueError("columns or values are missing")
    if given[form.id].duplicated().any() or not given[form.id].isin(key.ids).all() or len(given) != len(key.ids):
        raise ValueError("ids")
    if case.kind == "value" and not given[form.prediction].isin([0, 1]).all():
        raise ValueError("labels")
    if case.kind == "probability" and not given[form.prediction].between(0, 1).all():
        raise ValueError("probabilities")
    answers = pd.DataFrame({form.id: key.ids, "truth": key.truth, "public": key.public})
    merged = answers.merge(given, on=form.id, validate="one_to_one")
    halves = {"public": merged[merged["public"]], "private": merged[~merged["public"]]}
    return {
        f"{name}/{half}": float(score_of[name](rows["truth"], rows[form.prediction]))
        for half, rows in halves.items()
        for name in case.metrics
    }
