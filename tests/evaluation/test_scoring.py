"""From the predictions of trials to a result."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk

from competition.evaluation.curves import GRID
from competition.evaluation.outcomes import Outcome
from competition.evaluation.plan import Program, plan
from competition.evaluation.scoring import finish, summarise
from competition.results import Predictions


@pytest.fixture
def summarised(make_result):
    """Score predictions, made by a function of the truth of a trial's rows, on every trial; return what came of it."""
    made = make_result("a")

    def run(prepared, predict):
        finished = []
        for trial in plan([Program("a", "a.py", "source", b"")], prepared):
            truth = (prepared.heldout if trial.split.part == "heldout" else prepared.train).y[trial.split.predict]
            finished.append(finish(trial, Outcome(predict(truth), None, 0.1, 0.1, 0.2, 1.0), prepared))
        return finished, summarise(finished, made.solution, made.provenance, prepared)

    return run


def noisy(digits, seed=0):
    """Scores that know something of the truth, with ties where few digits are kept."""
    rng = np.random.default_rng(seed)

    def predict(truth):
        positive = np.round(1 / (1 + np.exp(-(rng.normal(size=len(truth)) + 2 * truth - 1))), digits)
        scores = np.stack([1 - positive, positive], axis=1)
        return Predictions((positive > 0.5).astype(np.int32), scores, "probability")

    return predict


@pytest.mark.parametrize("digits", [16, 1, 0])
def test_the_roc_curve_is_the_mean_of_scikit_learns_over_folds(prepared_small, summarised, digits):
    prepared = prepared_small(cv={"n_splits": 3})
    finished, result = summarised(prepared, noisy(digits))
    roc = []
    for one in finished:
        if one.trial.split.part == "cv":
            rates = sk.roc_curve(prepared.train.y[one.rows], one.predictions.scores[:, 1])[:2]
            roc.append(np.interp(GRID, *rates))
    x, y = np.array(result.curves["roc"]).T
    assert x == pytest.approx(GRID)
    assert y == pytest.approx(np.mean(roc, axis=0), rel=1e-3)


def test_no_curves_without_scores_or_with_one_class_in_a_fold(prepared_small, summarised):
    prepared = prepared_small()
    _, without = summarised(prepared, lambda truth: Predictions(truth.copy()))
    assert without.curves == {}
    assert without.calibration is None
    prepared.train.y[:] = 0
    with warnings.catch_warnings(action="error"):
        _, of_one_class = summarised(prepared, noisy(16))
    assert of_one_class.curves == {}
    assert of_one_class.metrics["roc_auc"] is None


def test_no_score_is_averaged_over_the_folds_that_have_one(prepared_small, summarised):
    prepared = prepared_small(cv={"n_splits": 3})
    turns = iter([True, False, True, True])
    predict = noisy(16)
    finished, result = summarised(prepared, lambda truth: predict(truth) if next(turns) else Predictions(truth.copy()))
    assert [one.record.metrics.get("roc_auc") is None for one in finished[:3]] == [False, True, False]
    assert result.metrics["roc_auc"] is None
    assert result.metrics["log_loss"] is None
    assert result.metrics["f1"] is not None


@pytest.mark.parametrize("cluster", ["row", "group", "day"])
def test_sums_by_cluster_are_those_of_its_rows(prepared_small, summarised, cluster):
    prepared = prepared_small(ranking={"cluster": cluster}, cv={"strategy": "forward", "n_splits": 2})
    finished, result = summarised(prepared, noisy(16))
    rows = np.concatenate([one.rows for one in finished if one.trial.split.part == "cv"])
    values = np.concatenate([one.predictions.values for one in finished if one.trial.split.part == "cv"])
    (unit,) = result.statistics.units
    names = prepared.train.cluster.names[prepared.train.cluster.code[rows]]
    assert result.statistics.clusters == tuple(np.unique(names).tolist())
    for name, counts in zip(result.statistics.clusters, unit, strict=True):
        of_cluster = names == name
        expected = sk.confusion_matrix(prepared.train.y[rows[of_cluster]], values[of_cluster], labels=[0, 1])
        assert list(counts) == expected.ravel().tolist()
    assert np.sum(unit, axis=0).tolist() == np.ravel(result.confusion).tolist()
