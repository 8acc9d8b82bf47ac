"""Scores by slice are those of the slice's rows; without predictions they are marked as missing."""

from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as sk

from competition.board.slices import NO_SLICES, score_slices, slices_of
from competition.board.slicing import Slicing
from competition.board.table import build
from competition.evaluation.outcomes import Outcome
from competition.evaluation.plan import Program, plan
from competition.evaluation.scoring import finish
from competition.predictions import Predictions
from competition.repository import Repository


def folds_of(prepared, seed=0):
    """Trials on all folds, with predictions that know something of the truth."""
    rng = np.random.default_rng(seed)
    made = []
    for trial in plan([Program("a", "a.py", "source", b"")], prepared):
        if trial.split.part == "cv":
            truth = prepared.train.y[trial.split.predict]
            score = rng.normal(size=len(truth)) + 2 * truth
            probabilities = np.stack([1 / (1 + np.exp(score - 1)), 1 / (1 + np.exp(1 - score))], axis=1)
            predictions = Predictions((score > 1).astype(np.int32), probabilities, "probability")
            made.append(finish(trial, Outcome(predictions, None, 0.1, 0.1, 0.2, 1.0), prepared))
    return made


def out_of_fold(prepared, folds):
    values = np.zeros(len(prepared.train.y), dtype=int)
    for one in folds:
        values[one.rows] = one.predictions.values
    return values


def halves(prepared):
    code = np.arange(len(prepared.train.y)) % 2
    return Slicing("half", ("even", "odd"), code, 2)


def test_the_score_of_a_slice_is_that_of_its_rows(prepared_small):
    prepared = prepared_small(ranking={"cluster": "row"})
    folds = folds_of(prepared)
    made = score_slices(prepared, {"a": folds, "b": folds_of(prepared, 1)}, halves(prepared))
    values = out_of_fold(prepared, folds)
    assert [one.name for one in made.slices] == ["even", "odd"]
    for at, one in enumerate(made.slices):
        rows = np.arange(len(values)) % 2 == at
        assert one.rows == rows.sum()
        assert one.positives == prepared.train.y[rows].sum()
        assert one.scores["a"] == pytest.approx(sk.f1_score(prepared.train.y[rows], values[rows]))
        assert one.middle == pytest.approx(np.median(list(one.scores.values())))
        assert one.intervals["a"].low <= one.scores["a"] <= one.intervals["a"].high


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_other_metrics_have_slices_too(prepared_small, metric):
    prepared = prepared_small(metric={"primary": metric, "also": []})
    made = score_slices(prepared, {"a": folds_of(prepared)}, halves(prepared))
    assert all(one.scores["a"] is not None for one in made.slices)


def test_a_slice_without_a_positive_row_has_no_score(prepared_small):
    prepared = prepared_small()
    slicing = Slicing("class", ("no", "yes"), prepared.train.y.astype(np.intp), 2)
    none, some = score_slices(prepared, {"a": folds_of(prepared)}, slicing).slices
    assert (none.positives, none.scores, none.intervals, none.middle) == (0, {}, {}, None)
    assert some.scores["a"] > 0


def test_a_slice_in_few_clusters_has_no_interval(prepared_small):
    prepared = prepared_small(ranking={"cluster": "day"})
    made = score_slices(prepared, {"a": folds_of(prepared)}, halves(prepared))
    assert [one.intervals for one in made.slices] == [{}, {}]


def test_rows_of_no_slice_are_left_out(prepared_small):
    prepared = prepared_small()
    whole = score_slices(prepared, {"a": folds_of(prepared)}, halves(prepared))
    code = np.where(np.arange(len(prepared.train.y)) % 2 == 0, 0, -1)
    (even,) = score_slices(prepared, {"a": folds_of(prepared)}, Slicing("half", ("even",), code, 2)).slices
    assert even.scores == whole.slices[0].scores


def test_without_data_or_predictions_all_are_missing(tmp_path, make_result, small_definition):
    repository = Repository(Path(tmp_path))
    board = build(small_definition, [make_result("a"), make_result("b", 0.7)], None)
    assert slices_of(repository, board, {"a": "x"}).missing == {"a", "b"}
    nothing = small_definition.model_copy(update={"board": small_definition.board.model_copy(update={"slices": ()})})
    assert slices_of(repository, build(nothing, [make_result("a")], None), {}) == NO_SLICES
