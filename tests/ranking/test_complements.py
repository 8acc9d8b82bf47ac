"""Pairs that complement each other, and the interval of a blend's gain."""

import numpy as np
import pytest

from competition.metrics import METRICS, Scorer
from competition.ranking.blend import Blend, blend
from competition.ranking.complements import OutOfFold, complements, error_correlation, gain_interval
from competition.ranking.order import Interval
from competition.results import Predictions

N = 2400
F1 = Scorer(METRICS["f1"], 2)


def probabilities(truth, noise, signal=1.5):
    positive = 1 / (1 + np.exp(-(signal * truth + noise - 1)))
    return Predictions((positive > 0.5).astype(np.int32), np.stack([1 - positive, positive], axis=1), "probability")


def made_of(*library, truth, n_clusters=40):
    rows = np.arange(N)
    return OutOfFold(truth, rows % 4, rows // 4 % n_clusters, library)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def truth(rng):
    return (rng.random(N) < 0.3).astype(np.int32)


def test_correlation_of_errors_by_hand():
    truth = np.zeros(4, dtype=int)
    library = [
        Predictions(np.array(values)) for values in ([1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0] * 4)
    ]
    found = error_correlation(truth, library, 2)
    assert found[0, :4] == pytest.approx([1, 1, -1, 0])
    assert np.isnan(found[4]).all()


def test_correlation_of_residuals():
    rng = np.random.default_rng(0)
    truth, shared = rng.normal(size=N), rng.normal(size=N)
    library = [Predictions(truth + shared + rng.normal(size=N)) for _ in range(2)]
    assert error_correlation(truth, library, 0)[0, 1] == pytest.approx(0.5, abs=0.05)


def test_the_pair_with_independent_errors_comes_first_and_gains(rng, truth):
    shared = rng.normal(size=N)
    alike = [probabilities(truth, shared + 0.1 * rng.normal(size=N)) for _ in range(2)]
    other = probabilities(truth, rng.normal(size=N))
    pairs = complements(made_of(*alike, other, truth=truth), F1)
    assert len(pairs) == 3
    assert {2} < {pairs[0].first, pairs[0].second}
    assert {pairs[-1].first, pairs[-1].second} == {0, 1}
    assert pairs[0].blend.gain > 0.02 > pairs[-1].blend.gain
    assert pairs[0].correlation < 0.5 < pairs[-1].correlation
    assert all(pair.scores[0] >= pair.scores[1] for pair in pairs)
    assert len(complements(made_of(*alike, other, truth=truth), F1, n_pairs=1)) == 1


def test_identical_predictions_are_named_and_gain_nothing(rng, truth):
    one = probabilities(truth, rng.normal(size=N))
    (pair,) = complements(made_of(one, one, truth=truth), F1)
    assert pair.identical
    assert pair.blend.gain == 0
    assert pair.correlation == pytest.approx(1)


def test_a_metric_where_less_is_better(rng, truth):
    loss = Scorer(METRICS["log_loss"], 2)
    good, bad = probabilities(truth, rng.normal(size=N), 2.0), probabilities(truth, rng.normal(size=N), 0.5)
    (pair,) = complements(made_of(bad, good, truth=truth), loss)
    assert (pair.first, pair.second) == (1, 0)
    assert pair.scores[0] < pair.scores[1]


def test_an_undefined_metric_gives_no_pairs(rng):
    nobody = np.zeros(N, dtype=np.int32)
    library = [probabilities(nobody, rng.normal(size=N)) for _ in range(2)]
    assert complements(made_of(*library, truth=nobody), Scorer(METRICS["roc_auc"], 2)) == []


@pytest.mark.parametrize("name", ["f1", "average_precision", "log_loss"])
def test_the_interval_holds_the_gain_and_tells_a_clear_one(rng, truth, name):
    scorer = Scorer(METRICS[name], 2)
    made = made_of(*(probabilities(truth, rng.normal(size=N)) for _ in range(4)), truth=truth)
    found = blend(made.truth, made.library, made.fold, scorer)
    interval = gain_interval(found, made, scorer, seed=1)
    assert isinstance(interval, Interval)
    assert 0 < interval.low < found.gain < interval.high


def test_the_interval_of_no_gain_holds_nought(rng, truth):
    one = probabilities(truth, rng.normal(size=N))
    made = made_of(one, one, truth=truth)
    found = blend(made.truth, made.library, made.fold, F1)
    interval = gain_interval(found, made, F1, seed=1)
    assert (interval.low, interval.high) == (0, 0)


def test_too_few_clusters_give_no_interval(rng, truth):
    made = made_of(*(probabilities(truth, rng.normal(size=N)) for _ in range(2)), truth=truth, n_clusters=5)
    found = blend(made.truth, made.library, made.fold, F1)
    assert "5 clusters" in gain_interval(found, made, F1, seed=1)


def test_an_interval_covers_as_often_as_stated():
    """Two sets of predictions of equal skill: the true gain is 0."""
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(100):
        truth = (rng.random(N) < 0.3).astype(np.int32)
        shared = rng.normal(size=N)
        one, other = (probabilities(truth, shared + 0.5 * rng.normal(size=N)) for _ in range(2))
        found = Blend(np.ones(2) / 2, (), F1(truth, one), F1(truth, other), True, one, other)
        interval = gain_interval(found, made_of(one, other, truth=truth), F1, seed)
        held += interval.low <= 0 <= interval.high
    assert 90 <= held <= 99
