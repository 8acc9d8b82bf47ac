"""Which solutions complement each other: the correlation of their errors, and the gain of blending them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer
from competition.ranking.thresholds import (
    EVEN,
    best_place,
    called_positive,
    counts_above,
    cross_fitted_score,
    mean_ranking_score,
)
from competition.results import Predictions

N_STEPS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """A weighted mean of solutions' predictions.

    Parameters
    ----------
    weights : ndarray of shape (K,)
        They sum to 1; most of them are 0. Chosen on all rows, for the blend that is exported.
    path : tuple of float
        Score on all rows after each step of that choice, best single solution first. Optimistic, since the same rows
        chose the weights.
    score : float
        Score of the blend where each fold is predicted with weights and thresholds that the other folds chose.
    best_single : float
        Score of the best single solution, treated alike: the other folds choose it, and its threshold.
    """

    weights: Floats
    path: tuple[float, ...]
    score: float
    best_single: float
    greater_is_better: bool

    @property
    def gain(self) -> float:
        """By how much the blend is better than the best single solution, in the unit of the metric."""
        return (self.score - self.best_single) * (1 if self.greater_is_better else -1)


def error_correlation(truth: NDArray[Any], library: Sequence[Predictions], n_classes: int) -> Floats:
    """Correlate the errors of solutions by row.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        Class codes, or values for regression.
    library : sequence of Predictions
        Of K solutions, aligned with `truth`.
    n_classes : int
        0 for regression.

    Returns
    -------
    ndarray of shape (K, K)
        Pearson's correlation of the residuals, or of "is wrong", where it is the phi coefficient. NaN for a solution
        whose error is the same on all rows.
    """
    if n_classes:
        errors = np.stack([one.values != truth for one in library]).astype(np.float64)
    else:
        errors = np.stack([one.values - truth for one in library])
    errors -= errors.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(errors).sum(axis=1))
    length[length <= 1e-12 * np.sqrt(len(truth))] = np.nan
    correlation = np.clip(errors @ errors.T / length / length[:, None], -1.0, 1.0)
    np.fill_diagonal(correlation, np.where(np.isnan(length), np.nan, 1.0))
    return np.asarray(correlation)


def blend(
    truth: NDArray[Any],
    library: Sequence[Predictions],
    fold: NDArray[Any],
    scorer: Scorer,
    n_steps: int = N_STEPS,
) -> Blend | None:
    """Select an ensemble greedily, with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes 2004).

    From the best single solution on, each step adds the solution that improves the mean of all that were added so far
    the most; the shortest prefix with the best score counts. Regression averages values, classification probabilities.
    Labels for a metric of labels come from the blended probabilities: in a binary task the rows of a fold are called
    positive from the threshold on which is best on the rows of the other folds, in a multiclass task the most probable
    class is taken. The score that is told is cross-fitted: the rows of a fold have no part in the choice of the weights
    that predict it.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        Class codes, or values for regression.
    library : sequence of Predictions
        Out-of-fold predictions of K solutions, aligned with `truth`; with probabilities in a classification.
    fold : ndarray of shape (n,)
        The fold in which each row was predicted, at least three of them.
    scorer : Scorer
        The metric.
    n_steps : int
        Greedy steps at most.

    Returns
    -------
    Blend or None
        None where the metric is undefined.

    Raises
    ------
    ValueError
        If there are fewer than two solutions or three folds, or a classification lacks probabilities.
    """
    names, codes = np.unique(fold, return_inverse=True)
    if len(library) < 2 or len(names) < 3:
        raise ValueError("a blend takes at least two solutions and three folds")
    values = np.stack([_blendable(one, scorer) for one in library])
    everywhere = _Rows(truth, values, codes, scorer)
    chosen = everywhere.select(n_steps)
    if chosen is None:
        return None
    of_blend, of_single = [], []
    for code in range(len(names)):
        rest = codes != code
        others = _Rows(truth[rest], values[:, rest], codes[rest], scorer)
        selected = others.select(n_steps)
        if selected is None:
            return None
        of_blend.append(others.predict(selected.weights, values[:, ~rest]))
        of_single.append(others.predict(selected.first, values[:, ~rest]))
    truths = [truth[codes == code] for code in range(len(names))]
    score, best_single = _score_of_folds(truths, of_blend, scorer), _score_of_folds(truths, of_single, scorer)
    if score is None or best_single is None:
        return None
    return Blend(chosen.weights, chosen.path, score, best_single, scorer.metric.greater_is_better)


@dataclass(frozen=True)
class _Selection:
    """Weights after the best step and before the first one, and the score after each."""

    weights: Floats
    first: Floats
    path: tuple[float, ...]


@dataclass(frozen=True)
class _Rows:
    """The rows that choose; values of shape (K, n), or (K, n, n_classes) for probabilities of several classes."""

    truth: NDArray[Any]
    values: Floats
    fold: NDArray[np.intp]
    scorer: Scorer

    def select(self, n_steps: int) -> _Selection | None:
        sign = 1.0 if self.scorer.metric.greater_is_better else -1.0
        added: list[int] = []
        path: list[float] = []
        total = np.zeros_like(self.values[0])
        for step in range(1, n_steps + 1):
            scores = [self._score((total + one) / step) for one in self.values]
            if any(score is None for score in scores):
                return None
            best = int(np.argmax([sign * (score or 0.0) for score in scores]))
            added.append(best)
            path.append(scores[best] or 0.0)
            total = total + self.values[best]
        n_best = int(np.argmax(np.multiply(sign, path))) + 1
        return _Selection(
            weights=np.bincount(added[:n_best], minlength=len(self.values)) / n_best,
            first=np.bincount(added[:1], minlength=len(self.values)).astype(np.float64),
            path=tuple(path),
        )

    def predict(self, weights: Floats, values: Floats) -> Predictions:
        """Blend other rows; a threshold is the best one on these rows."""
        blended = np.tensordot(weights, values, axes=1)
        if not self.scorer.n_classes:
            return Predictions(blended)
        if blended.ndim == 2:
            return Predictions(blended.argmax(axis=1), blended, "probability")
        place = EVEN
        if self.scorer.metric.needs == "values":
            place = best_place(self._counts(np.tensordot(weights, self.values, axes=1)).sum(axis=0), self.scorer)
        labels = called_positive(blended, place).astype(np.int32)
        return Predictions(labels, np.stack([1 - blended, blended], axis=1), "probability")

    def _score(self, blended: Floats) -> float | None:
        if self.scorer.n_classes == 2 and self.scorer.metric.needs == "values":
            return cross_fitted_score(self._counts(blended), self.scorer)
        if self.scorer.n_classes == 2 and self.scorer.metric.needs == "scores":
            return mean_ranking_score(self._counts(blended), self.scorer)
        return _score_of_folds([self.truth], [self.predict(np.ones(1), blended[None])], self.scorer)

    def _counts(self, probabilities: Floats) -> NDArray[np.int64]:
        return counts_above(self.truth, probabilities, self.fold, int(self.fold.max()) + 1)


def _blendable(predictions: Predictions, scorer: Scorer) -> Floats:
    """What is averaged: values, the probability of the positive class, or of each class of several."""
    if not scorer.n_classes:
        return np.asarray(predictions.values, dtype=np.float64)
    if predictions.score_kind != "probability" or predictions.scores is None:
        raise ValueError("a solution without probabilities cannot be blended")
    return predictions.scores[:, 1] if predictions.scores.shape[1] == 2 else predictions.scores


def _score_of_folds(truths: Sequence[NDArray[Any]], predictions: Sequence[Predictions], scorer: Scorer) -> float | None:
    """Score of all folds' rows together, or where the metric is not pooled the mean over folds."""
    if scorer.metric.pooled:
        scores = [one.scores for one in predictions if one.scores is not None]
        together = Predictions(
            np.concatenate([one.values for one in predictions]),
            np.concatenate(scores) if scores else None,
            predictions[0].score_kind,
        )
        return scorer(np.concatenate(truths), together)
    of_folds = [scorer(truth, one) for truth, one in zip(truths, predictions, strict=True)]
    defined = [score for score in of_folds if score is not None]
    return float(np.mean(defined)) if defined else None
