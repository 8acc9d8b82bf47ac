"""Binary predictions counted by threshold, so that a threshold can be chosen on some folds and used on another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer

N_THRESHOLDS = 1_001
EVEN = (N_THRESHOLDS - 1) // 2  # place of a probability of one half

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def counts_above(truth: NDArray[Any], probabilities: Floats, fold: NDArray[np.intp], n_folds: int) -> Counts:
    """Count the rows whose probability is at least 0, 0.001, 0.002, ..., 1.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        1 for the positive class, else 0.
    probabilities : ndarray of shape (n,)
        Of the positive class.
    fold : ndarray of int of shape (n,)
        In ``range(n_folds)``.

    Returns
    -------
    ndarray of int of shape (n_folds, 2, N_THRESHOLDS)
        First the negative rows, then the positive ones.
    """
    bin_of = np.clip(_bins(probabilities), 0, N_THRESHOLDS - 1)
    cell = (fold * 2 + truth.astype(np.intp)) * N_THRESHOLDS + bin_of
    counted = np.bincount(cell, minlength=n_folds * 2 * N_THRESHOLDS).reshape(n_folds, 2, N_THRESHOLDS)
    return np.asarray(counted[..., ::-1].cumsum(axis=-1)[..., ::-1])


def called_positive(probabilities: Floats, place: int) -> NDArray[np.bool_]:
    """Whether a row's probability is at least the threshold at a place of `counts_above`."""
    return np.asarray(_bins(probabilities) >= place)


def best_place(counts: Counts, scorer: Scorer) -> int:
    """Place of the threshold with the best score; the middle one where several are.

    Parameters
    ----------
    counts : ndarray of int of shape (2, N_THRESHOLDS)
        Of the rows that may choose.
    scorer : Scorer
        A metric of labels, greater is better.
    """
    return _middle_of_best(scorer.metric.from_statistics(_confusions(counts), scorer.params))


def cross_fitted_score(counts: Counts, scorer: Scorer) -> float | None:
    """Score of labels where each fold's threshold is the best one on the other folds.

    Parameters
    ----------
    counts : ndarray of int of shape (n_folds, 2, N_THRESHOLDS)
        At least two folds.
    scorer : Scorer
        A metric of labels, greater is better.
    """
    on_others = scorer.metric.from_statistics(_confusions(counts.sum(axis=0) - counts), scorer.params)
    places = [_middle_of_best(scores) for scores in on_others]
    return scorer.from_statistics(_confusions(counts)[np.arange(len(counts)), places].sum(axis=0))


def mean_ranking_score(counts: Counts, scorer: Scorer) -> float | None:
    """Mean over folds of a ranking metric, the probabilities rounded down to the thresholds."""
    assert scorer.metric.from_thresholds is not None
    scores = []
    for of_fold in counts:
        if of_fold[:, 0].all():
            negative, positive = of_fold[:, of_fold.any(axis=0)][:, ::-1]  # from the highest threshold with rows down
            scores.append(scorer.metric.from_thresholds(positive, negative))
    return float(np.mean(scores)) if scores else None


def _bins(probabilities: Floats) -> NDArray[np.intp]:
    return (probabilities * (N_THRESHOLDS - 1)).astype(np.intp)


def _middle_of_best(scores: Floats) -> int:
    best = np.flatnonzero(scores == np.nanmax(scores)) if np.isfinite(scores).any() else np.arange(len(scores))
    return int(best[len(best) // 2])


def _confusions(counts: Counts) -> NDArray[np.int64]:
    """Flattened confusion matrix of each threshold, shape (..., N_THRESHOLDS, 4)."""
    negative, positive = counts[..., 0, :], counts[..., 1, :]
    cells = [negative[..., :1] - negative, negative, positive[..., :1] - positive, positive]
    # The cells come last for the metric and first in memory, where adding two of them is one pass over long rows.
    return np.moveaxis(np.stack(cells), 0, -1)
