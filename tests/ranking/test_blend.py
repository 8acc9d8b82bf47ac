"""Blends."""

import numpy as np
import pytest

from competition.metrics import METRICS, Scorer
from competition.ranking.blend import blend, pair_scores, single_scores
from competition.ranking.thresholds import N_THRESHOLDS, best_place, called_positive, counts_above
from competition.results import Predictions

N = 3000
FOLD = np.arange(N) % 4


def scorer(name, n_classes=2):
    return Scorer(METRICS[name], n_classes)


def probabilities(rng, truth, signal, noise=None):
    """Calibrated in order, not in level: the best threshold is not one half."""
    noise = rng.normal(size=len(truth)) if noise is None else noise
    positive = 1 / (1 + np.exp(-(signal * truth + noise - 2)))
    return Predictions((positive > 0.5).astype(np.int32), np.stack([1 - positive, positive], axis=1), "probability")


def truth_of(rng, share=0.3):
    return (rng.random(N) < share).astype(np.int32)


@pytest.mark.parametrize("name", ["f1", "accuracy", "average_precision", "roc_auc", "log_loss"])
def test_solutions_with_independent_errors_gain_by_a_blend(name):
    rng = np.random.default_rng(1)
    truth = truth_of(rng)
    found = blend(truth, [probabilities(rng, truth, 1.5) for _ in range(3)], FOLD, scorer(name))
    assert found.gain > 0.01
    assert found.weights.sum() == pytest.approx(1)
    assert (found.weights > 0.2).all()
    assert abs(found.path[0] - found.best_single) < 0.02


def test_the_gain_of_a_blend_of_a_solution_with_noise_is_not_made_up():
    rng = np.random.default_rng(2)
    truth = truth_of(rng)
    library = [probabilities(rng, truth, 2.0), *(probabilities(rng, truth, 0.0) for _ in range(6))]
    found = blend(truth, library, FOLD, scorer("f1"))
    assert found.weights[0] > 0.6
    assert found.gain < 0.01


def test_copies_of_a_solution_gain_nothing():
    rng = np.random.default_rng(3)
    truth = truth_of(rng)
    one = probabilities(rng, truth, 1.5)
    found = blend(truth, [one, one, one], FOLD, scorer("f1"))
    assert found.gain == pytest.approx(0)
    assert found.weights.tolist() == [1, 0, 0]


def test_labels_of_chance_score_as_chance():
    """A threshold that had seen the rows that it is scored on would do better."""
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1], N // 2).astype(np.int32)
    library = [probabilities(rng, np.zeros(N), 0.0) for _ in range(8)]
    found = blend(truth, library, FOLD, scorer("accuracy"))
    assert found.score < 0.52
    assert max(found.path) == pytest.approx(0.5, abs=0.04)


def test_regression_averages_values():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=N)
    library = [Predictions(truth + rng.normal(size=N)) for _ in range(4)]
    found = blend(truth, library, FOLD, scorer("root_mean_squared_error", 0))
    assert found.score == pytest.approx(0.5, abs=0.03)
    assert found.best_single == pytest.approx(1.0, abs=0.05)
    assert found.gain == found.best_single - found.score


def test_several_classes_take_the_most_probable_one():
    rng = np.random.default_rng(6)
    truth = rng.integers(3, size=N)

    def one():
        raw = np.exp(1.5 * np.eye(3)[truth] + rng.normal(size=(N, 3)))
        made = raw / raw.sum(axis=1, keepdims=True)
        return Predictions(made.argmax(axis=1), made, "probability")

    for name in ("f1", "log_loss", "roc_auc"):
        assert blend(truth, [one() for _ in range(3)], FOLD, scorer(name, 3), n_steps=4).gain > 0.01


def test_what_cannot_be_blended():
    rng = np.random.default_rng(7)
    truth = truth_of(rng)
    one = probabilities(rng, truth, 1.0)
    with pytest.raises(ValueError, match="two solutions and three folds"):
        blend(truth, [one], FOLD, scorer("f1"))
    with pytest.raises(ValueError, match="two solutions and three folds"):
        blend(truth, [one, one], FOLD % 2, scorer("f1"))
    with pytest.raises(ValueError, match="without probabilities"):
        blend(truth, [one, Predictions(one.values)], FOLD, scorer("f1"))
    assert blend(np.zeros(N, dtype=int), [one, one], FOLD, scorer("roc_auc")) is None


def test_the_best_threshold_is_the_best_of_all():
    rng = np.random.default_rng(8)
    truth = truth_of(rng)
    positive = probabilities(rng, truth, 2.0).scores[:, 1]
    counts = counts_above(truth, positive, np.zeros(N, dtype=int), 1)[0]
    place = best_place(counts, scorer("f1"))
    by_place = [
        scorer("f1")(truth, Predictions(called_positive(positive, at).astype(int))) for at in range(N_THRESHOLDS)
    ]
    assert by_place[place] == max(by_place)


def test_the_predictions_of_the_score_are_in_the_order_of_the_rows():
    rng = np.random.default_rng(9)
    truth = truth_of(rng)
    found = blend(truth, [probabilities(rng, truth, 1.5) for _ in range(3)], FOLD, scorer("f1"))
    assert scorer("f1")(truth, found.predicted) == pytest.approx(found.score)
    assert scorer("f1")(truth, found.predicted_by_single) == pytest.approx(found.best_single)


def test_a_constant_has_no_part_in_a_blend_of_labels():
    """It would only move the probabilities past the thresholds that are looked at."""
    rng = np.random.default_rng(10)
    truth = truth_of(rng)
    constant = Predictions(np.zeros(N, dtype=np.int32), np.tile([0.7, 0.3], (N, 1)), "probability")
    found = blend(truth, [constant, probabilities(rng, truth, 1.5)], FOLD, scorer("f1"))
    assert found.weights.tolist() == [0, 1]
    shrunk = blend(truth, [constant, probabilities(rng, truth, 0.3)], FOLD, scorer("log_loss"))
    assert shrunk.weights[0] > 0


def test_the_selection_stops_where_steps_no_longer_help():
    rng = np.random.default_rng(11)
    truth = truth_of(rng)
    one = probabilities(rng, truth, 1.5)
    assert len(blend(truth, [one, one], FOLD, scorer("f1")).path) < 20


def test_scores_of_single_solutions_and_of_pairs():
    rng = np.random.default_rng(12)
    truth = truth_of(rng)
    library = [probabilities(rng, truth, 1.5) for _ in range(2)]
    singles = single_scores(truth, library, FOLD, scorer("roc_auc"))
    pairs = pair_scores(truth, library, FOLD, scorer("roc_auc"))
    assert singles == pytest.approx([scorer("roc_auc")(truth, one) for one in library], abs=0.01)
    assert list(pairs) == [(0, 1)]
    assert pairs[0, 1] > max(singles)
