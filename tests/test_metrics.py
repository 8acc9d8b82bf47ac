"""Metrics against scikit-learn's, on any labels and numbers; statistics by cluster add up to the score of all."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import assume, given
from hypothesis import strategies as st

from competition.measures.ranks import counts_by_threshold
from competition.metrics import METRICS, SCORE_BINS, Scorer, score_together
from competition.results import Predictions

CLASS_METRICS = ["f1", "fbeta", "precision", "recall", "accuracy", "balanced_accuracy", "matthews_corrcoef"]
SK_RANKING = {"roc_auc": sk.roc_auc_score, "average_precision": sk.average_precision_score}
ERROR_METRICS = [name for name, metric in METRICS.items() if metric.tasks == ("regression",)]


@st.composite
def labels(draw, max_classes=4, min_size=1):
    """Number of classes, true codes, predicted codes."""
    n_classes = draw(st.integers(2, max_classes))
    n = draw(st.integers(min_size, 40))
    codes = st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n)
    return n_classes, np.array(draw(codes)), np.array(draw(codes), dtype=np.int32)


@st.composite
def probabilities(draw, max_classes=4):
    """Number of classes, true codes, rows that sum to 1."""
    n_classes, truth, _ = draw(labels(max_classes))
    weights = st.lists(st.integers(0, 50), min_size=n_classes, max_size=n_classes).filter(any)
    raw = np.array([draw(weights) for _ in truth], dtype=float)
    return n_classes, truth, raw / raw.sum(axis=1, keepdims=True)


@st.composite
def numbers(draw):
    """True and predicted values of a regression."""
    n = draw(st.integers(1, 40))
    values = st.lists(st.integers(-10_000, 10_000).map(lambda i: i / 16), min_size=n, max_size=n)
    return np.array(draw(values)), np.array(draw(values))


@st.composite
def ranked(draw):
    """Labels of both classes and scores of any kind: ties, constants, whole numbers, the smallest differences."""
    truth = draw(st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda drawn: len(set(drawn)) == 2))
    near = [0.5, np.nextafter(0.5, 1), -0.0, 0.0, 5e-324]
    kind = draw(st.sampled_from([st.floats(-1e300, 1e300), st.integers(-3, 3), st.sampled_from(near), st.just(0.5)]))
    return np.array(truth), np.array(draw(st.lists(kind, min_size=len(truth), max_size=len(truth))))


def from_probabilities(scores):
    return Predictions(scores.argmax(axis=1).astype(np.int32), scores, "probability")


# --- against scikit-learn ---


def sklearn_average(n_classes, truth, values, average, function, **params):
    if n_classes == 2:
        return function(truth, values, pos_label=1, average="binary", zero_division=0, **params)
    return function(truth, values, labels=range(n_classes), average=average, zero_division=0, **params)


@given(labels(), st.sampled_from(["macro", "micro", "weighted"]), st.floats(0.1, 5))
@pytest.mark.parametrize("name", ["f1", "fbeta", "precision", "recall"])
def test_scores_of_a_class_and_their_averages(name, case, average, beta):
    n_classes, truth, values = case
    params = {"beta": beta} if name == "fbeta" else {}
    found = Scorer(METRICS[name], n_classes, {"average": average, **params})(truth, Predictions(values))
    expected = sklearn_average(n_classes, truth, values, average, getattr(sk, f"{name}_score"), **params)
    assert found == pytest.approx(expected)


@given(labels())
def test_beta_is_1_and_the_average_macro_by_default(case):
    n_classes, truth, values = case
    expected = sklearn_average(n_classes, truth, values, "macro", sk.f1_score)
    for name in ("f1", "fbeta"):
        assert Scorer(METRICS[name], n_classes)(truth, Predictions(values)) == pytest.approx(expected)


@given(labels())
def test_scores_of_all_classes(case):
    n_classes, truth, values = case
    predictions = Predictions(values)
    assert Scorer(METRICS["accuracy"], n_classes)(truth, predictions) == pytest.approx(sk.accuracy_score(truth, values))
    recall = [np.mean(values[truth == code] == code) for code in np.unique(truth)]  # scikit-learn warns of one class
    assert Scorer(METRICS["balanced_accuracy"], n_classes)(truth, predictions) == pytest.approx(np.mean(recall))


@given(labels(min_size=2))
def test_matthews_corrcoef(case):
    n_classes, truth, values = case
    assume(len(np.union1d(truth, values)) > 1)  # scikit-learn warns otherwise
    found = Scorer(METRICS["matthews_corrcoef"], n_classes)(truth, Predictions(values))
    assert found == pytest.approx(sk.matthews_corrcoef(truth, values))


@given(probabilities())
def test_losses_of_probabilities(case):
    n_classes, truth, scores = case
    codes = list(range(n_classes))
    log_loss = Scorer(METRICS["log_loss"], n_classes)(truth, from_probabilities(scores))
    assert log_loss == pytest.approx(sk.log_loss(truth, scores, labels=codes), abs=1e-12)
    brier = Scorer(METRICS["brier_score_loss"], n_classes)(truth, from_probabilities(scores))
    given_scores = {"y_proba": scores[:, 1], "pos_label": 1} if n_classes == 2 else {"y_proba": scores, "labels": codes}
    assert brier == pytest.approx(sk.brier_score_loss(truth, **given_scores), abs=1e-12)


@given(probabilities(max_classes=2), st.booleans())
def test_ranking_metrics(case, decision):
    _, truth, scores = case
    assume(len(np.unique(truth)) == 2)
    positive = scores[:, 1]
    values = (positive > 0.5).astype(np.int32)
    predictions = Predictions(values, positive, "decision") if decision else Predictions(values, scores, "probability")
    assert Scorer(METRICS["roc_auc"], 2)(truth, predictions) == pytest.approx(sk.roc_auc_score(truth, positive))
    found = Scorer(METRICS["average_precision"], 2)(truth, predictions)
    assert found == pytest.approx(sk.average_precision_score(truth, positive))


@given(ranked())
def test_ranking_metrics_to_the_last_digits_whatever_the_scores(case):
    truth, scores = case
    predictions = Predictions((scores > 0).astype(np.int32), scores, "decision")
    for name, function in SK_RANKING.items():
        assert Scorer(METRICS[name], 2)(truth, predictions) == pytest.approx(function(truth, scores), rel=0, abs=1e-12)


@pytest.mark.parametrize("prevalence", [0.001, 0.2, 0.9])
def test_ranking_metrics_of_many_rows(prevalence):
    rng = np.random.default_rng(3)
    truth = (rng.random(50_000) < prevalence).astype(int)
    for digits in (17, 2):  # without ties and with many
        scores = np.round(rng.normal(size=len(truth)) + truth, digits)
        predictions = Predictions((scores > 0).astype(np.int32), scores, "decision")
        for name, function in SK_RANKING.items():
            found = Scorer(METRICS[name], 2)(truth, predictions)
            assert found == pytest.approx(function(truth, scores), rel=0, abs=1e-12)


@given(ranked())
def test_counts_by_threshold(case):
    truth, scores = case
    true_positives, false_positives = counts_by_threshold(truth == 1, scores)
    thresholds = np.unique(scores)[::-1]
    assert true_positives.tolist() == [((scores >= t) & (truth == 1)).sum() for t in thresholds]
    assert false_positives.tolist() == [((scores >= t) & (truth == 0)).sum() for t in thresholds]


@given(numbers())
def test_errors(case):
    truth, values = case
    functions = {
        "mean_absolute_error": sk.mean_absolute_error,
        "mean_squared_error": sk.mean_squared_error,
        "root_mean_squared_error": sk.root_mean_squared_error,
    }
    for name, function in functions.items():
        assert Scorer(METRICS[name], 0)(truth, Predictions(values)) == pytest.approx(function(truth, values))


@given(numbers())
def test_r2(case):
    truth, values = case
    found = Scorer(METRICS["r2"], 0)(truth, Predictions(values))
    if np.ptp(truth) == 0:
        assert found is None
    else:
        assert found == pytest.approx(sk.r2_score(truth, values), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1.0), (-3e8, 1e3), (0.0, 1e-9), (5e-7, 1e-9)])
def test_r2_far_from_zero(offset, scale):
    rng = np.random.default_rng(0)
    truth = offset + scale * rng.normal(size=500)
    values = truth + 0.3 * scale * rng.normal(size=500)
    assert Scorer(METRICS["r2"], 0)(truth, Predictions(values)) == pytest.approx(sk.r2_score(truth, values), abs=1e-3)


@given(numbers())
def test_nrmse_is_the_rmse_over_the_mean_of_the_truth(case):
    truth, values = case
    found = Scorer(METRICS["nrmse"], 0)(truth, Predictions(values))
    mean = math.fsum(truth) / len(truth)
    if mean == 0:
        assert found is None
    else:
        assert found == pytest.approx(math.sqrt(math.fsum((values - truth) ** 2) / len(truth)) / abs(mean))


# --- several at once ---


@given(st.sampled_from(["nothing", "decision", "probability"]), st.data())
def test_metrics_together_are_what_they_are_one_by_one(kind, data):
    n_classes, truth, scores = data.draw(probabilities(max_classes=2 if kind == "decision" else 4))
    values = scores.argmax(axis=1).astype(np.int32)
    given_scores = {"nothing": None, "decision": scores[:, 1], "probability": scores}[kind]
    predictions = Predictions(values, given_scores, None if kind == "nothing" else kind)
    scorers = [Scorer(metric, n_classes) for metric in METRICS.values() if "binary" in metric.tasks]
    together = score_together(scorers, truth, predictions)
    assert together == {scorer.metric.name: scorer(truth, predictions) for scorer in scorers}
    assert together["f1"] is not None
    assert (together["log_loss"] is None) == (kind != "probability")


# --- statistics ---


@given(labels(), st.randoms())
@pytest.mark.parametrize("name", CLASS_METRICS)
def test_counts_by_cluster_add_up(name, case, random):
    n_classes, truth, values = case
    check_that_clusters_add_up(Scorer(METRICS[name], n_classes), truth, Predictions(values), random)


@given(probabilities(), st.randoms())
@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss"])
def test_losses_by_cluster_add_up(name, case, random):
    n_classes, truth, scores = case
    check_that_clusters_add_up(Scorer(METRICS[name], n_classes), truth, from_probabilities(scores), random)


@given(numbers(), st.randoms())
@pytest.mark.parametrize("name", ERROR_METRICS)
def test_errors_by_cluster_add_up(name, case, random):
    truth, values = case
    check_that_clusters_add_up(Scorer(METRICS[name], 0), truth, Predictions(values), random)


def check_that_clusters_add_up(scorer, truth, predictions, random):
    cluster = np.array([random.randrange(5) for _ in truth])
    statistics = scorer.statistics(truth, predictions, cluster, 5)
    assert len(statistics) == 5
    together = scorer.from_statistics(statistics.sum(axis=0))
    assert together == pytest.approx(scorer(truth, predictions))
    for number in set(cluster.tolist()):
        rows = np.flatnonzero(cluster == number)
        alone = scorer.from_statistics(statistics[number])
        assert alone == pytest.approx(scorer(truth[rows], predictions.take(rows)))


@pytest.mark.parametrize("prevalence", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("separation", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_binned_ranking_metrics_come_near_the_exact_ones(name, separation, prevalence):
    rng = np.random.default_rng(1)
    truth = (rng.random(20_000) < prevalence).astype(int)
    scores = rng.normal(size=len(truth)) + separation * truth
    predictions = Predictions((scores > 0).astype(np.int32), scores, "decision")
    scorer = Scorer(METRICS[name], 2)
    cluster = rng.integers(30, size=len(truth))
    statistics = scorer.statistics(truth, predictions, cluster, 30)
    assert statistics.shape == (30, 2 * SCORE_BINS)
    assert statistics.sum() == len(truth)
    assert scorer.from_statistics(statistics.sum(axis=0)) == pytest.approx(scorer(truth, predictions), abs=0.01)


@given(probabilities(max_classes=2))
def test_binned_ranking_metrics_take_ties(case):
    _, truth, scores = case
    assume(len(np.unique(truth)) == 2)
    constant = from_probabilities(np.full_like(scores, 0.5))
    statistics = Scorer(METRICS["roc_auc"], 2).statistics(truth, constant, np.zeros(len(truth), dtype=int), 1)[0]
    assert Scorer(METRICS["roc_auc"], 2).from_statistics(statistics) == pytest.approx(0.5)
    assert Scorer(METRICS["average_precision"], 2).from_statistics(statistics) == pytest.approx(truth.mean())


# --- where there is no score ---


@pytest.mark.parametrize("name", list(METRICS))
def test_no_rows_no_score(name):
    n_classes = 0 if name in ERROR_METRICS else 2
    empty = Predictions(np.zeros(0, dtype=np.int32), np.zeros((0, 2)), "probability")
    assert Scorer(METRICS[name], n_classes)(np.zeros(0, dtype=int), empty) is None


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_ranking_metric_needs_both_classes(name):
    predictions = from_probabilities(np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert Scorer(METRICS[name], 2)(np.array([1, 1]), predictions) is None


def test_metrics_say_what_is_missing():
    truth, values = np.array([0, 1]), np.array([0, 1], dtype=np.int32)
    decision = Predictions(values, np.array([-1.0, 1.0]), "decision")
    for name, metric in METRICS.items():
        if metric.needs != "values":
            assert Scorer(metric, 2)(truth, Predictions(values)) is None
        if metric.needs == "probabilities":
            assert Scorer(metric, 2)(truth, decision) is None, name


def test_directions():
    lower = {name for name, metric in METRICS.items() if not metric.greater_is_better}
    assert lower == {*ERROR_METRICS, "log_loss", "brier_score_loss"} - {"r2"}


def test_names_are_scikit_learns():
    known = set(sk.get_scorer_names())
    own = {"fbeta", "nrmse"}  # one needs a beta, the other has no place there
    for name, metric in METRICS.items():
        candidates = {name, f"neg_{name}", name.replace("_loss", ""), f"neg_{name.removesuffix('_loss')}"}
        assert candidates & known or name in own, name
        assert metric.title


@given(st.integers(0, 2**32 - 1), st.integers(3, 5))
def test_ranking_metrics_of_several_classes_are_one_vs_rest_means(seed: int, n_classes: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=80)])
    scores = rng.dirichlet(np.ones(n_classes), size=len(truth)) + np.eye(n_classes)[truth] * 0.3
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    predictions = Predictions(probabilities.argmax(axis=1), probabilities, "probability")
    reference = {
        "roc_auc": sk.roc_auc_score(truth, probabilities, multi_class="ovr"),
        "average_precision": sk.average_precision_score(np.eye(n_classes)[truth], probabilities, average="macro"),
    }
    for name, expected in reference.items():
        scorer = Scorer(METRICS[name], n_classes)
        assert scorer(truth, predictions) == pytest.approx(expected)
        statistics = scorer.statistics(truth, predictions, np.arange(len(truth)) % 3, 3)
        assert scorer.from_statistics(statistics.sum(axis=0)) == pytest.approx(expected, abs=0.05)
    assert Scorer(METRICS["roc_auc"], n_classes)(np.zeros_like(truth), predictions) is None
