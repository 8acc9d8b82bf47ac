"""What is summed over the rows of a cluster: confusion matrices, errors, losses, and histograms of scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Params = Mapping[str, Any]

SCORE_BINS = 101
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def confusion_counts(truth: Array, values: Array, cluster: Array, n_clusters: int, n_classes: int) -> Array:
    """Confusion matrices, flattened: row = true class, column = predicted class.

    Returns
    -------
    ndarray of int of shape (n_clusters, n_classes ** 2)
    """
    size = n_classes * n_classes
    cell = (cluster.astype(np.intp) * n_classes + truth.astype(np.intp)) * n_classes + values.astype(np.intp)
    return np.bincount(cell, minlength=n_clusters * size).reshape(n_clusters, size)


def error_sums(truth: Array, values: Array, cluster: Array, n_clusters: int) -> Array:
    """Sums for regression: n, absolute errors, squared errors, truth, squared truth.

    Returns
    -------
    ndarray of float of shape (n_clusters, 5)
    """
    error = values - truth
    columns = (np.ones_like(error), np.abs(error), error**2, truth, truth**2)
    return _sums(columns, cluster, n_clusters)


def loss_sums(truth: Array, probabilities: Array, cluster: Array, n_clusters: int) -> Array:
    """Sums for probabilities: n, log losses, squared errors of the probability vector.

    Returns
    -------
    ndarray of float of shape (n_clusters, 3)
    """
    total, squared = np.zeros(len(truth)), np.zeros(len(truth))
    # By class: there are many rows and few classes.
    for code, of_class in enumerate(probabilities.T):
        total += of_class
        squared += (of_class - (truth == code)) ** 2
    of_truth = probabilities[np.arange(len(truth)), truth.astype(np.intp)]
    log_loss = -np.log(np.clip(of_truth / total, SMALLEST_PROBABILITY, 1.0))
    if probabilities.shape[1] == 2:
        squared /= 2  # the binary Brier score looks at the positive class alone
    return _sums((np.ones_like(log_loss), log_loss, squared), cluster, n_clusters)


def score_histograms(is_class: Array, scores: Array, cluster: Array, n_clusters: int) -> Array:
    """Histograms of the scores of negatives and positives over `SCORE_BINS` bins.

    Half of the edges are quantiles of the negatives' scores and half of the positives', so that the bins stay narrow
    at the top, where average precision is decided, however rare the positives are.

    Returns
    -------
    ndarray of int of shape (n_clusters, 2 * SCORE_BINS)
        First the negatives, by rising score, then the positives.
    """
    shares = np.linspace(0, 1, SCORE_BINS // 2)
    sides = [scores[~is_class], scores[is_class]]
    edges = np.sort(np.concatenate([np.quantile(side, shares) for side in sides if len(side)]))
    bin_of = np.searchsorted(edges, scores, side="right")
    cell = (cluster.astype(np.intp) * 2 + is_class) * SCORE_BINS + bin_of
    return np.bincount(cell, minlength=n_clusters * 2 * SCORE_BINS).reshape(n_clusters, 2 * SCORE_BINS)


def _sums(columns: tuple[Array, ...], cluster: Array, n_clusters: int) -> Array:
    return np.stack([np.bincount(cluster, weights=column, minlength=n_clusters) for column in columns], axis=1)


def ratio(numerator: Array, denominator: Array, *, empty: float = 0.0) -> Array:
    """Divide; `empty` where the denominator is 0."""
    out = np.full(np.shape(denominator), empty)
    return np.asarray(np.divide(numerator, denominator, out=out, where=denominator != 0))
