"""Bootstrap intervals of a score from its statistics by cluster of rows."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer
from competition.results import Statistics

N_RESAMPLES = 2_000
LEVEL = 0.95
MIN_CLUSTERS = 10


@dataclass(frozen=True)
class Interval:
    """Lower and upper end of a confidence interval."""

    low: float
    high: float


def bootstrap_interval(statistics: Statistics, scorer: Scorer, score: float, seed: int) -> Interval | None:
    """Percentile interval over clusters drawn with replacement (Efron and Tibshirani 1993, chapter 13).

    Whole clusters are drawn, since rows of one day or one group are alike and count for less than their number.

    Parameters
    ----------
    statistics : Statistics
        Sums by unit (repeat or fold) and cluster.
    scorer : Scorer
        Turns sums into a score.
    score : float
        The exact score; the interval is shifted where the statistics only approximate it.
    seed : int
        Of the draw; one competition uses one seed, so that intervals of its solutions are drawn alike.

    Returns
    -------
    Interval or None
        At level `LEVEL`; None with fewer than `MIN_CLUSTERS` clusters, or where the score is undefined in some draws.
    """
    sums = statistics.array()
    n_clusters = sums.shape[1]
    if n_clusters < MIN_CLUSTERS:
        return None
    drawn = _draws(n_clusters, seed)
    # A unit that a draw leaves without rows, or a metric that is undefined there, drops out of that draw's mean.
    by_unit = np.stack([scorer.metric.from_statistics((unit.T @ drawn).T, scorer.params) for unit in sums])
    defined = np.isfinite(by_unit)
    if not defined.any(axis=0).all():
        return None
    scores = np.mean(by_unit, axis=0, where=defined)
    points = [scorer.from_statistics(unit.sum(axis=0)) for unit in sums]
    approximate = np.mean([point for point in points if point is not None])
    shift = 0.0 if scorer.metric.pooled else score - approximate
    low, high = _quantiles(scores, (1 - LEVEL) / 2, (1 + LEVEL) / 2) + shift
    return Interval(float(low), float(high))


def _quantiles(values: NDArray[np.float64], *shares: float) -> NDArray[np.float64]:
    """Quantiles by linear interpolation (type 7 of Hyndman and Fan 1996), as ``np.quantile``, which imports and checks.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite.
    """
    return np.interp(np.multiply(shares, len(values) - 1), np.arange(len(values)), np.sort(values))


@cache
def _draws(n_clusters: int, seed: int) -> NDArray[np.float64]:
    """How often each resample holds each cluster, shape (n_clusters, N_RESAMPLES).

    As floats, which BLAS multiplies; resamples side by side in memory, so that metrics go over them at once.
    """
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=N_RESAMPLES)
    return np.ascontiguousarray(counts.T, dtype=np.float64)
