"""Paired replicates of many solutions."""

import numpy as np
import pytest

from competition.metrics import METRICS, Scorer
from competition.ranking.resampling import Contestant, draw_counts, effective_number, resample
from competition.results import Predictions


def contestant(name, truth, predictions, cluster, n_classes=2, **others):
    scorer = Scorer(METRICS[name], n_classes)
    sums = scorer.statistics(truth, predictions, cluster, int(cluster.max()) + 1)
    return Contestant(sums[None].astype(float), scorer(truth, predictions), **others), scorer


def of_labels(rng, n=2000, n_clusters=50, accuracy=0.8, **others):
    truth = np.arange(n) % 2
    right = rng.random(n) < accuracy
    predictions = Predictions(np.where(right, truth, 1 - truth))
    return contestant("f1", truth, predictions, np.arange(n) // 2 % n_clusters, **others)


def test_each_resample_is_scored_as_its_rows_would_be():
    rng = np.random.default_rng(1)
    one, scorer = of_labels(rng)
    made = resample([one], scorer, seed=3, n_resamples=5)
    for drawn, score in zip(draw_counts(50, 5, 3), made.replicates[:, 0], strict=True):
        assert score == pytest.approx(scorer.from_statistics(drawn @ one.statistics[0]))


def test_all_solutions_see_the_same_draws():
    rng = np.random.default_rng(2)
    one, scorer = of_labels(rng)
    made = resample([one, one, of_labels(rng)[0]], scorer, seed=0)
    assert np.array_equal(made.replicates[:, 0], made.replicates[:, 1])
    assert not np.array_equal(made.replicates[:, 0], made.replicates[:, 2])


def test_a_solution_keeps_its_replicates_whoever_stands_beside_it():
    rng = np.random.default_rng(3)
    many = [of_labels(rng, seed_deviation=0.01)[0] for _ in range(6)]
    scorer = of_labels(rng)[1]
    first = resample(many, scorer, seed=0).replicates
    assert np.array_equal(resample(many[::-1], scorer, seed=0).replicates, first[:, ::-1])
    assert resample(many[:2], scorer, seed=0).replicates == pytest.approx(first[:, :2], abs=1e-12)


def test_seed_noise_has_the_variance_of_a_mean_of_fits():
    rng = np.random.default_rng(4)
    one, scorer = of_labels(rng)
    noisy = Contestant(one.statistics, one.score, seed_deviation=0.1, n_fits=4)
    plain, with_noise = (resample([each], scorer, seed=0).replicates for each in (one, noisy))
    added = with_noise - plain
    assert added.std() == pytest.approx(0.05, rel=0.1)
    assert added.mean() == pytest.approx(0, abs=0.005)
    assert abs(np.corrcoef(added[:, 0], plain[:, 0])[0, 1]) < 0.1


def test_equal_predictions_have_equal_noise():
    one, scorer = of_labels(np.random.default_rng(5), seed_deviation=0.1)
    made = resample([one, one], scorer, seed=0).replicates
    assert np.array_equal(made[:, 0], made[:, 1])


def test_units_are_averaged_and_undefined_ones_drop_out():
    rng = np.random.default_rng(6)
    truth = np.zeros(400, dtype=int)
    truth[:200] = rng.integers(2, size=200)
    values = rng.normal(size=400) + truth
    cluster = np.arange(400) % 20
    scorer = Scorer(METRICS["roc_auc"], 2)
    predictions = Predictions(truth, values, "decision")
    halves = [
        scorer.statistics(truth[half], predictions.take(half), cluster[half], 20)
        for half in (np.arange(200), np.arange(200, 400))  # the second has no positive row
    ]
    score = scorer(truth[:200], predictions.take(np.arange(200)))
    both = resample([Contestant(np.stack(halves).astype(float), score)], scorer, seed=0)
    alone = resample([Contestant(np.stack(halves[:1]).astype(float), score)], scorer, seed=0)
    assert np.allclose(both.replicates, alone.replicates, equal_nan=True)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_ranking_metric_is_shifted_to_its_exact_score(name):
    rng = np.random.default_rng(7)
    truth = rng.integers(2, size=2000)
    predictions = Predictions(truth, rng.normal(size=2000) + truth, "decision")
    one, scorer = contestant(name, truth, predictions, np.arange(2000) % 100)
    made = resample([one], scorer, seed=0)
    assert made.shifts[0] != 0
    assert made.replicates.mean() == pytest.approx(one.score, abs=0.002)


def test_a_resample_without_the_class_has_no_score():
    truth = np.zeros(200, dtype=int)
    truth[:3] = 1  # all in one cluster
    one, scorer = contestant(
        "roc_auc", truth, Predictions(truth, np.linspace(1, 0, 200), "decision"), np.arange(200) // 20
    )
    assert np.isnan(resample([one], scorer, seed=0).replicates).any()


def test_the_linearised_error_is_that_of_the_replicates():
    rng = np.random.default_rng(8)
    for name, n_classes in (("f1", 2), ("root_mean_squared_error", 0), ("matthews_corrcoef", 2)):
        truth = rng.integers(2, size=4000) if n_classes else rng.normal(size=4000)
        noisy = np.where(rng.random(4000) < 0.8, truth, 1 - truth) if n_classes else truth + rng.normal(size=4000)
        one, scorer = contestant(name, truth, Predictions(noisy), np.arange(4000) % 40, n_classes)
        made = resample([one], scorer, seed=0)
        assert made.errors.of_scores[0] == pytest.approx(made.replicates.std(), rel=0.1)
        assert made.errors.of_replicates.mean() == pytest.approx(made.replicates.std(), rel=0.1)


@pytest.mark.parametrize(("sizes", "expected"), [([5.0] * 11, 9), ([9.0] * 11 + [0.0] * 9, 9), ([1000.0, 1, 1, 1], 2)])
def test_the_effective_number_of_clusters(sizes, expected):
    assert effective_number(np.array(sizes)) == pytest.approx(expected, rel=1e-3)


def test_a_missing_score_is_refused():
    one, scorer = of_labels(np.random.default_rng(9))
    with pytest.raises(ValueError, match="ranks last"):
        Contestant(one.statistics, float("nan"))
    with pytest.raises(ValueError, match="one shape"):
        resample([one, Contestant(one.statistics[:, :40], one.score)], scorer, seed=0)
    with pytest.raises(ValueError, match="no contestant"):
        resample([], scorer, seed=0)
