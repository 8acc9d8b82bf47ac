"""Curves and calibration against slow and plain computations."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from competition.evaluation.curves import (
    CURVE_POINTS,
    GRID,
    MAX_BINS,
    ROWS_A_BIN,
    calibration,
    ranking_curves,
    value_curves,
)
from competition.predictions import Predictions


def drawn(seed, n=400, digits=16):
    rng = np.random.default_rng(seed)
    truth = np.append([0, 1], rng.random(n) < 0.3).astype(int)
    return truth, np.round(rng.normal(size=len(truth)) + truth, digits)


def of_positive(probability):
    values = (probability > 0.5).astype(np.int32)
    return Predictions(values, np.stack([1 - probability, probability], axis=1), "probability")


@pytest.mark.parametrize("digits", [16, 1, 0])
def test_precision_is_that_of_ties_broken_at_random(digits):
    truth, scores = drawn(0, n=4_000, digits=digits)
    y = np.array(ranking_curves([(truth, scores)])["precision_recall"])[:, 1]
    rng = np.random.default_rng(1)
    n_positive, precision = truth.sum(), []
    for _ in range(100):
        order = np.lexsort([rng.random(len(truth)), -scores])
        found = np.cumsum(truth[order])
        at = np.searchsorted(found, np.maximum(1, GRID * n_positive))
        precision.append(np.maximum(1, GRID * n_positive) / (at + 1))
    inside = slice(20, -1)  # a mean of ratios is near the ratio of means where many rows are called
    assert y[inside] == pytest.approx(np.mean(precision, axis=0)[inside], abs=0.03)


def test_scores_that_tell_nothing_are_as_precise_as_the_class_is_common():
    truth, _ = drawn(0)
    curves = ranking_curves([(truth, np.zeros(len(truth)))])
    assert [y for _, y in curves["precision_recall"]] == pytest.approx([truth.mean()] * CURVE_POINTS, rel=1e-3)
    assert all(x == y for x, y in curves["roc"])


def test_a_perfect_solution_is_precise_to_the_end():
    truth, _ = drawn(0)
    curves = ranking_curves([(truth, truth.astype(float))])
    assert {y for _, y in curves["precision_recall"]} == {1.0}
    assert {y for _, y in curves["roc"]} == {1.0}


@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_curves_hold_101_points_and_the_areas_of_the_metrics(seed, digits):
    truth, scores = drawn(seed, digits=digits)
    curves = ranking_curves([(truth, scores)])
    for points in curves.values():
        x, y = np.array(points).T
        assert len(points) == CURVE_POINTS
        assert ((y >= 0) & (y <= 1)).all()
        assert x == pytest.approx(GRID)
    x, y = np.array(curves["roc"]).T
    assert (np.diff(y) >= 0).all()
    assert sk.auc(x, y) == pytest.approx(sk.roc_auc_score(truth, scores), abs=0.01)


def test_curves_of_several_classes_are_the_mean_of_each_against_the_rest():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=300)
    scores = rng.dirichlet(np.ones(3), size=300) + np.eye(3)[truth] / 2
    together = ranking_curves([(truth, scores)])
    single = [ranking_curves([((truth == code).astype(int), scores[:, code])]) for code in range(3)]
    for name, points in together.items():
        mean = np.mean([np.array(curves[name])[:, 1] for curves in single], axis=0)
        assert np.array(points)[:, 1] == pytest.approx(mean, abs=1e-3)


def test_quantiles_and_residuals_of_values():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=501)
    curves = value_curves(truth, truth / 2)
    observed, predicted = np.array(curves["quantiles"]).T
    assert predicted == pytest.approx(observed / 2, rel=1e-2, abs=1e-3)
    share, residual = np.array(curves["residuals"]).T
    assert residual[50] == pytest.approx(np.median(truth / 2), rel=1e-2)
    assert share == pytest.approx(GRID)


@given(st.integers(0, 2**32 - 1), st.integers(30, 900))
def test_bins_are_of_about_equal_size_and_agree_with_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    probability = rng.random(n)
    truth = (rng.random(n) < probability).astype(int)
    made = calibration(truth, of_positive(probability), 2)
    assert made.kind == "probability"
    assert sum(made.rows) == n
    assert len(made.rows) == min(MAX_BINS, max(2, n // ROWS_A_BIN))
    assert max(made.rows) - min(made.rows) <= 2
    assert made.brier == pytest.approx(sk.brier_score_loss(truth, probability), rel=1e-3)
    gaps = np.abs(np.subtract(made.observed, made.predicted))
    assert made.error == pytest.approx(np.average(gaps, weights=made.rows), abs=2e-3)
    if n % len(made.rows) == 0:
        observed, predicted = calibration_curve(truth, probability, n_bins=len(made.rows), strategy="quantile")
        assert np.mean(made.predicted) == pytest.approx(np.mean(predicted), abs=0.01)
        assert np.mean(made.observed) == pytest.approx(np.mean(observed), abs=0.02)


def test_honest_probabilities_have_a_small_error_and_bold_ones_a_large_one():
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 3, size=50_000)
    truth = (rng.random(len(probability)) < probability).astype(int)
    assert calibration(truth, of_positive(probability), 2).error < 0.01
    assert calibration(truth, of_positive(np.sqrt(probability)), 2).error > 0.1


@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=200))
def test_equal_predictions_share_a_bin(chosen):
    probability = np.array(chosen)
    made = calibration(np.zeros(len(chosen), dtype=int), of_positive(probability), 2)
    assert list(made.predicted) == sorted(set(made.predicted))
    assert all(rows > 0 for rows in made.rows)
    assert set(made.observed) == {0.0}


def test_several_classes_are_judged_by_the_most_probable_one():
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]] * 30)
    truth = np.array([0, 2] * 30)
    made = calibration(truth, Predictions(scores.argmax(axis=1), scores, "probability"), 3)
    assert made.kind == "confidence"
    assert (made.predicted, made.observed, made.rows) == ((0.5, 0.8), (1.0, 0.0), (30, 30))
    assert made.error == pytest.approx(0.65)


def test_values_have_quartiles_and_no_brier_score():
    rng = np.random.default_rng(0)
    truth = rng.normal(10, 3, size=1_000)
    made = calibration(truth, Predictions(truth + 1), 0)
    assert made.kind == "value"
    assert made.brier is None
    assert made.error == pytest.approx(1.0, rel=1e-2)
    assert all(low <= mean <= high for (low, high), mean in zip(made.quartiles, made.observed, strict=True))


def test_a_decision_function_promises_nothing():
    truth, scores = drawn(0)
    assert calibration(truth, Predictions((scores > 0).astype(np.int32), scores, "decision"), 2) is None
    assert ranking_curves([(truth, scores), (truth, None)]) == {}
    assert ranking_curves([(np.zeros_like(truth), scores)]) == {}
