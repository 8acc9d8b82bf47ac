"""The smallest difference that a split can tell apart."""

from dataclasses import replace

import numpy as np
import pytest

from competition.metrics import METRICS, Scorer
from competition.ranking import power
from competition.ranking.power import Simulation, smallest_difference
from competition.ranking.resampling import Contestant
from competition.ranking.rivals import simulate
from competition.results import Predictions

NEEDS = {"f1": 2, "accuracy": 3, "root_mean_squared_error": 0, "log_loss": 2, "roc_auc": 2, "average_precision": 2}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(power, "N_DRAWS", 25)
    monkeypatch.setattr(power, "N_RESAMPLES", 200)
    monkeypatch.setattr(power, "N_BISECTIONS", 5)


def baseline(name, n=2000, n_clusters=50, accuracy=0.8, seed=0):
    rng = np.random.default_rng(seed)
    n_classes = NEEDS[name]
    scorer = Scorer(METRICS[name], n_classes)
    truth = rng.integers(n_classes, size=n) if n_classes else rng.normal(size=n)
    if not n_classes:
        predictions = Predictions(truth + rng.normal(size=n))
    else:
        values = np.where(rng.random(n) < accuracy, truth, (truth + 1) % n_classes)
        sure = rng.uniform(0.5, 0.9, size=n)
        scores = np.full((n, n_classes), ((1 - sure) / max(1, n_classes - 1))[:, None])
        scores[np.arange(n), values] = sure
        predictions = Predictions(values, scores, "probability")
    sums = scorer.statistics(truth, predictions, rng.permutation(n) % n_clusters, n_clusters)
    return Contestant(sums[None].astype(float), scorer(truth, predictions)), scorer


@pytest.mark.parametrize("name", NEEDS)
def test_a_rival_of_equal_skill_scores_alike_and_a_better_one_better(name):
    one, scorer = baseline(name)
    sign = 1 if scorer.metric.greater_is_better else -1
    rng = np.random.default_rng(0)
    start = scorer.from_statistics(one.statistics[0].sum(axis=0))
    scores = {
        better_by: np.mean(
            [
                scorer.from_statistics(simulate(one.statistics[0], scorer, better_by, 0.5, rng).sum(axis=0))
                for _ in range(40)
            ]
        )
        for better_by in (0.0, 0.3, 0.9)
    }
    assert scores[0.0] == pytest.approx(start, rel=0.03)
    assert sign * start < sign * scores[0.3] < sign * scores[0.9]


@pytest.mark.parametrize("name", ["f1", "accuracy", "roc_auc"])
def test_a_rival_has_the_same_rows(name):
    one, scorer = baseline(name)
    rival = simulate(one.statistics[0], scorer, 0.2, 0.5, np.random.default_rng(0))
    assert np.array_equal(rival.sum(axis=1), one.statistics[0].sum(axis=1))
    assert (rival >= 0).all()


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_errors_have_the_correlation_that_is_asked_for(correlation):
    """Seen in the number of rows on which reference and rival differ, if each row is a cluster."""
    one, scorer = baseline("f1", n=20_000, n_clusters=20_000)
    rival = simulate(one.statistics[0], scorer, 0.0, correlation, np.random.default_rng(0))
    wrong = [statistics.reshape(-1, 2, 2)[:, [0, 1], [1, 0]].sum(axis=1) for statistics in (one.statistics[0], rival)]
    assert np.corrcoef(wrong)[0, 1] == pytest.approx(correlation, abs=0.03)


def test_more_rows_tell_smaller_differences_apart():
    scorer = baseline("f1")[1]
    found = [smallest_difference(baseline("f1", n)[0], Simulation(scorer, 0.5, seed=0)) for n in (500, 8000)]
    assert found[0].difference > 2 * found[1].difference > 0
    assert found[1].difference < 0.03


def test_solutions_that_are_alike_are_told_apart_by_less():
    one, scorer = baseline("f1")
    alike, unlike = (smallest_difference(one, Simulation(scorer, correlation, seed=0)) for correlation in (0.9, 0.0))
    assert alike.difference < 0.7 * unlike.difference


def test_luck_with_the_seed_makes_differences_harder_to_tell():
    one, scorer = baseline("f1", n=8000)
    lucky = replace(one, seed_deviation=0.03, n_fits=1)
    steady, uncertain = (smallest_difference(each, Simulation(scorer, 0.5, seed=0)) for each in (one, lucky))
    assert uncertain.difference > 1.5 * steady.difference
    assert uncertain.difference > 0.03 * 2**0.5 * 2.8  # of two scores that differ by luck alone, and 80 % of the time


@pytest.mark.parametrize("name", NEEDS)
def test_every_kind_of_metric_has_its_answer(name, monkeypatch):
    monkeypatch.setattr(power, "N_DRAWS", 10)
    monkeypatch.setattr(power, "N_BISECTIONS", 3)
    one, scorer = baseline(name, n_clusters=20)
    found = smallest_difference(one, Simulation(scorer, 0.5, seed=0))
    assert found.score == one.score
    assert 0 < found.difference < abs(one.score)


def test_what_cannot_be_told():
    one, scorer = baseline("f1", n_clusters=9)
    assert "9 clusters" in smallest_difference(one, Simulation(scorer, 0.5, seed=0)).reason
    perfect, scorer = baseline("f1", accuracy=1.0)
    found = smallest_difference(perfect, Simulation(scorer, 0.5, seed=0))
    assert found.difference is None
    assert "without errors" in found.reason
