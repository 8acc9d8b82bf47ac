"""Standard errors of a score by linearisation, for the resamples of few clusters, where percentiles are too near."""

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer

Floats = NDArray[np.float64]
STEP = 1e-5


def standard_errors(sums: Floats, drawn: Floats, scorer: Scorer) -> Floats:
    """Standard error of a solution's score in each resample, clusters being independent.

    The score is a smooth function of the totals of its statistics; its gradient there times the statistics of a cluster
    is the influence of that cluster, and the squared influences add up to the variance (the infinitesimal jackknife:
    Efron and Tibshirani 1993, chapter 22). Functions of totals that do not change with the number of rows have
    influences that add up to nought.

    Parameters
    ----------
    sums : ndarray of shape (units, clusters, S)
        Of one solution.
    drawn : ndarray of shape (B, clusters)
        How often each resample holds each cluster.
    scorer : Scorer
        Turns totals into a score.

    Returns
    -------
    ndarray of shape (B,)
        A unit in which the score is undefined does not count.
    """
    influence = np.zeros(drawn.shape)
    n_defined = np.zeros(len(drawn))
    for unit in sums:
        gradient = _gradient(unit.T @ drawn.T, scorer)
        defined = np.isfinite(gradient).all(axis=0)
        influence += np.where(defined, gradient, 0.0).T @ unit.T
        n_defined += defined
    squared = np.einsum("bc,bc,bc->b", drawn, influence, influence)
    return np.asarray(np.sqrt(squared) / np.maximum(n_defined, 1))


def _gradient(totals: Floats, scorer: Scorer) -> Floats:
    """By central differences, shape (S, B) as the totals."""
    gradient = np.empty_like(totals)
    for place, row in enumerate(totals):
        size = np.abs(row)
        step = STEP * np.where(size > 0, size, size.max() or 1.0)
        ends = np.stack([totals, totals], axis=1)
        ends[place, 0] += step
        ends[place, 1] -= step
        with np.errstate(invalid="ignore"):  # the root of what a step has made negative
            above, below = scorer.metric.from_statistics(np.moveaxis(ends, 0, -1), scorer.params)
        gradient[place] = (above - below) / (2 * step)
    return gradient
