"""Blends: greedy selection of solutions from out-of-fold predictions, and what it gains."""

from collections.abc import Iterable, Sequence
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
PATIENCE = 5  # steps without a better score, after which none is expected

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
    predicted, predicted_by_single : Predictions
        What these two scores are of, aligned with the truth.
    """

    weights: Floats
    path: tuple[float, ...]
    score: float
    best_single: float
    greater_is_better: bool
    predicted: Predictions
    predicted_by_single: Predictions

    @property
    def gain(self) -> float:
        """By how much the blend is better than the best single solution, in the unit of the metric."""
        return (self.score - self.best_single) * (1 if self.greater_is_better else -1)


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
    A solution that gives each row of a fold the same probability is not added where only the order of rows counts.
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
    return Blend(
        weights=chosen.weights,
        path=chosen.path,
        score=score,
        best_single=best_single,
        greater_is_better=scorer.metric.greater_is_better,
        predicted=_in_rows(of_blend, codes),
        predicted_by_single=_in_rows(of_single, codes),
    )


def single_scores(
    truth: NDArray[Any], library: Sequence[Predictions], fold: NDArray[Any], scorer: Scorer
) -> list[float | None]:
    """Score each solution as `blend` scores a step: with the threshold that the other folds choose.

    Parameters
    ----------
    truth, library, fold, scorer
        As in `blend`.

    Returns
    -------
    list of float or None
        None where the metric is undefined.
    """
    codes = np.unique(fold, return_inverse=True)[1]
    values = np.stack([_blendable(one, scorer) for one in library])
    return _Rows(truth, values, codes, scorer).scores(values)


def pair_scores(
    truth: NDArray[Any], library: Sequence[Predictions], fold: NDArray[Any], scorer: Scorer
) -> dict[tuple[int, int], float]:
    """Score the even mean of every two solutions, as `single_scores` does each one.

    Returns
    -------
    dict
        Score by the places of the two in `library`, without those for which the metric is undefined.
    """
    codes = np.unique(fold, return_inverse=True)[1]
    values = np.stack([_blendable(one, scorer) for one in library])
    rows = _Rows(truth, values, codes, scorer)
    scores = {
        (one, other): rows.score((values[one] + values[other]) / 2)
        for one, other in zip(*np.triu_indices(len(values), 1), strict=True)
    }
    return {(int(one), int(other)): score for (one, other), score in scores.items() if score is not None}


def can_be_blended(predictions: Predictions, scorer: Scorer) -> bool:
    """Whether there is something to average: values of a regression, or probabilities."""
    return not scorer.n_classes or predictions.score_kind == "probability"


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
        candidates = self._candidates()
        added: list[int] = []
        path: list[float] = []
        n_best = 0
        total = np.zeros_like(self.values[0])
        while len(path) < min(n_steps, n_best + PATIENCE):
            scores = self.scores((total + self.values[one]) / (len(path) + 1) for one in candidates)
            worth = [sign * score for score in scores if score is not None]
            if len(worth) < len(scores):
                return None
            place = int(np.argmax(worth))
            added.append(candidates[place])
            path.append(sign * worth[place])
            total = total + self.values[added[-1]]
            n_best = int(np.argmax(np.multiply(sign, path))) + 1
        return _Selection(
            weights=np.bincount(added[:n_best], minlength=len(self.values)) / n_best,
            first=np.bincount(added[:1], minlength=len(self.values)).astype(np.float64),
            path=tuple(path),
        )

    def _candidates(self) -> list[int]:
        """Places of the solutions that may be added: where only the order counts, a constant would move thresholds."""
        needs = self.scorer.metric.needs
        everyone = list(range(len(self.values)))
        if self.scorer.n_classes != 2 or needs == "probabilities":
            return everyone
        folds = [self.values[:, self.fold == code] for code in np.unique(self.fold)]
        tells = np.any([np.ptp(of_fold, axis=1) > 0 for of_fold in folds], axis=0)
        return np.flatnonzero(tells).tolist() or everyone

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

    def scores(self, blends: Iterable[Floats]) -> list[float | None]:
        return [self.score(blended) for blended in blends]

    def score(self, blended: Floats) -> float | None:
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
    if predictions.scores is None or not can_be_blended(predictions, scorer):
        raise ValueError("a solution without probabilities cannot be blended")
    return predictions.scores[:, 1] if predictions.scores.shape[1] == 2 else predictions.scores


def _score_of_folds(truths: Sequence[NDArray[Any]], predictions: Sequence[Predictions], scorer: Scorer) -> float | None:
    """Score of all folds' rows together, or where the metric is not pooled the mean over folds."""
    if scorer.metric.pooled:
        return scorer(np.concatenate(truths), _concatenated(predictions))
    of_folds = [scorer(truth, one) for truth, one in zip(truths, predictions, strict=True)]
    defined = [score for score in of_folds if score is not None]
    return float(np.mean(defined)) if defined else None


def _in_rows(of_folds: Sequence[Predictions], codes: NDArray[np.intp]) -> Predictions:
    """Put the predictions of each fold where its rows stand."""
    back = np.argsort(np.argsort(codes, kind="stable"), kind="stable")
    return _concatenated(of_folds).take(back)


def _concatenated(parts: Sequence[Predictions]) -> Predictions:
    scores = [one.scores for one in parts if one.scores is not None]
    values = np.concatenate([one.values for one in parts])
    return Predictions(values, np.concatenate(scores) if scores else None, parts[0].score_kind)
