"""Intervals of a score from its statistics by cluster."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from competition.metrics import METRICS, Scorer
from competition.ranking.inference import LEVEL, MIN_CLUSTERS, infer
from competition.ranking.order import Interval
from competition.ranking.resampling import Contestant, resample
from competition.ranking.score_intervals import _quantiles
from competition.results import Predictions, Statistics


def summed(name, truth, predictions, cluster, n_classes=2):
    """A metric's statistics by cluster, its scorer and the score of all rows."""
    scorer = Scorer(METRICS[name], n_classes)
    n_clusters = int(cluster.max()) + 1
    sums = scorer.statistics(truth, predictions, cluster, n_clusters)
    names = tuple(str(number) for number in range(n_clusters))
    return Statistics(clusters=names, metric=name, units=(sums.tolist(),)), scorer, scorer(truth, predictions)


def binary(rng, n=2000, accuracy=0.8, prevalence=0.5):
    truth = (rng.random(n) < prevalence).astype(int)
    values = np.where(rng.random(n) < accuracy, truth, 1 - truth).astype(np.int32)
    return truth, Predictions(values)


def bootstrap_interval(statistics, scorer, score, seed):
    told = infer(resample([Contestant(statistics.array(), score)], scorer, seed))
    return None if told.low is None else Interval(told.low[0], told.high[0])


def interval(*case, seed=0):
    return bootstrap_interval(*summed(*case), seed)


def test_it_holds_the_score_and_comes_near_the_normal_one():
    rng = np.random.default_rng(0)
    truth, predictions = binary(rng)
    found = interval("accuracy", truth, predictions, rng.integers(200, size=len(truth)))
    score = (truth == predictions.values).mean()
    half = 1.96 * np.sqrt(score * (1 - score) / len(truth))
    assert found.low == pytest.approx(score - half, abs=0.3 * half)
    assert found.high == pytest.approx(score + half, abs=0.3 * half)


def test_it_covers_the_true_score_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        truth, predictions = binary(rng, n=400)
        found = interval("accuracy", truth, predictions, np.arange(400) % 40)
        covered += found.low <= 0.8 <= found.high
    assert covered / 60 == pytest.approx(LEVEL, abs=0.08)


def test_rows_that_are_alike_count_for_less():
    rng = np.random.default_rng(2)
    right = rng.random(20) < 0.7  # a day is right or wrong as a whole
    truth = rng.integers(2, size=2000)
    day = np.arange(2000) % 20
    predictions = Predictions(np.where(right[day], truth, 1 - truth).astype(np.int32))
    by_day = interval("accuracy", truth, predictions, day)
    by_row = interval("accuracy", truth, predictions, rng.permutation(2000) % 200)
    assert by_day.high - by_day.low > 5 * (by_row.high - by_row.low)


def test_the_same_seed_draws_the_same_interval():
    rng = np.random.default_rng(3)
    truth, predictions = binary(rng)
    cluster = np.arange(len(truth)) % 50
    assert interval("f1", truth, predictions, cluster) == interval("f1", truth, predictions, cluster)
    assert interval("f1", truth, predictions, cluster) != interval("f1", truth, predictions, cluster, seed=1)


@pytest.mark.parametrize(("n_clusters", "there"), [(MIN_CLUSTERS - 1, False), (MIN_CLUSTERS, True)])
def test_too_few_clusters_give_none(n_clusters, there):
    truth, predictions = binary(np.random.default_rng(4))
    found = interval("f1", truth, predictions, np.arange(len(truth)) % n_clusters)
    assert (found is not None) is there


@pytest.mark.parametrize("name", ["f1", "accuracy", "matthews_corrcoef"])
def test_a_perfect_solution_has_no_width(name):
    truth = np.arange(400) % 2
    found = interval(name, truth, Predictions(truth.astype(np.int32)), np.arange(400) % 20)
    assert (found.low, found.high) == pytest.approx((1, 1))


@pytest.mark.parametrize("separation", [0.5, 4.0, 100.0])
@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_ranking_metric_lies_round_its_exact_score_and_within_0_and_1(name, separation):
    rng = np.random.default_rng(5)
    truth = (rng.random(3000) < 0.1).astype(int)
    scores = rng.normal(size=3000) + separation * truth
    predictions = Predictions((scores > 0).astype(np.int32), scores, "decision")
    statistics, scorer, score = summed(name, truth, predictions, np.arange(3000) % 30)
    found = bootstrap_interval(statistics, scorer, score, 0)
    assert 0 <= found.low <= score <= found.high <= 1


def test_repeats_and_folds_are_averaged():
    rng = np.random.default_rng(6)
    truth, predictions = binary(rng)
    statistics, scorer, score = summed("f1", truth, predictions, np.arange(len(truth)) % 30)
    twice = statistics.model_copy(update={"units": statistics.units * 2})
    once, again = (bootstrap_interval(one, scorer, score, 0) for one in (statistics, twice))
    assert (once.low, once.high) == pytest.approx((again.low, again.high))


def test_errors_of_a_regression():
    rng = np.random.default_rng(7)
    truth = rng.normal(10, 3, size=1000)
    predictions = Predictions(truth + rng.normal(size=1000))
    for name in ("root_mean_squared_error", "mean_absolute_error", "r2", "nrmse"):
        statistics, scorer, score = summed(name, truth, predictions, np.arange(1000) % 50, 0)
        found = bootstrap_interval(statistics, scorer, score, 0)
        assert found.low < score < found.high
        assert found.high - found.low < 0.3 * abs(score)


def test_draws_without_a_score_warn_of_nothing():
    truth = np.zeros(200, dtype=int)
    truth[:3] = 1  # one cluster has every positive row
    scores = np.linspace(1, 0, 200)
    predictions = Predictions((scores > 0.5).astype(np.int32), scores, "decision")
    with warnings.catch_warnings(action="error"):
        assert interval("roc_auc", truth, predictions, np.arange(200) // 10) is None
        assert interval("f1", truth, predictions, np.arange(200) // 10) is not None


@given(
    arrays(np.float64, st.tuples(st.integers(2, 40), st.integers(1, 4)), elements=st.floats(-10, 10)),
    st.floats(0, 1),
)
def test_quantiles_are_numpys(values, share):
    (made,) = _quantiles(values, (share,))
    np.testing.assert_allclose(made, np.quantile(values, share, axis=0), rtol=1e-12, atol=1e-12)
