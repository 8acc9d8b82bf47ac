"""Confidence intervals of single scores from their replicates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from competition.ranking.resampling import Replicates, StandardErrors
from competition.ranking.widening import widened_level

Floats = NDArray[np.float64]
FLAT = 1e-3


def intervals(replicates: Replicates, level: float) -> tuple[Floats, Floats]:
    """Interval of each solution's score.

    Expanded percentiles (Hesterberg 2015; `competition.ranking.widening`), and with few clusters the bootstrap-t
    interval (Efron and Tibshirani 1993, chapter 12.5), which follows the skewness that a few hard days bring. The
    latter needs a spread within every resample, so a solution that is nearly always right has the former.

    Percentiles are stretched where the jackknife over clusters finds a larger spread than the bootstrap, as it does for
    an average precision of folds with few days (`competition.ranking.maxt.differences`).

    Parameters
    ----------
    replicates : Replicates
        Finite.
    level : float
        Confidence of each interval by itself.

    Returns
    -------
    low, high : ndarray of shape (K,)
        In the unit of the metric, within its bounds.
    """
    tail = (1 - widened_level(level, replicates.effective_clusters)) / 2
    low, high = _quantiles(replicates.replicates, (tail, 1 - tail))
    stretch = _stretch(replicates)
    low, high = (replicates.scores + stretch * (end - replicates.scores) for end in (low, high))
    if replicates.errors is not None:
        spread = replicates.errors.of_replicates.min(axis=0) > FLAT * replicates.errors.of_scores
        places = np.flatnonzero(spread)
        low[places], high[places] = _studentised(replicates, replicates.errors, places, level)
    least, most = replicates.bounds
    return np.clip(low, least, most), np.clip(high, least, most)


def _quantiles(values: Floats, shares: Sequence[float]) -> list[Floats]:
    """Quantiles along the first axis, linear between values: `numpy.quantile`'s, which imports masked arrays.

    A board with nothing new is shown in less time than a few such imports take.
    """
    last = len(values) - 1
    places = [divmod(share * last, 1) for share in shares]
    ends = [(int(below), min(int(below) + 1, last)) for below, _ in places]
    ordered = np.partition(values, sorted({place for pair in ends for place in pair}), axis=0)
    return [
        ordered[low] + (ordered[high] - ordered[low]) * weight
        for (low, high), (_, weight) in zip(ends, places, strict=True)
    ]


def _stretch(replicates: Replicates) -> Floats:
    """By how much the spread of the jackknife is larger than that of the bootstrap; 1 where it is not."""
    if replicates.jackknife is None:
        return np.ones(len(replicates.scores))
    left_out = replicates.jackknife.left_out
    n = left_out.shape[1]
    # Both less than they should be by (n - 1) / n, which the level makes good.
    variance = left_out.var(axis=1) * (n - 1) ** 2 / n + replicates.jackknife.seed_errors**2
    bootstrap = replicates.replicates.var(axis=0)
    ratio = np.divide(variance, bootstrap, out=np.ones_like(variance), where=bootstrap > 0)
    return np.asarray(np.sqrt(np.fmax(ratio, 1.0)))


def _studentised(
    replicates: Replicates, errors: StandardErrors, places: NDArray[np.intp], level: float
) -> tuple[Floats, Floats]:
    scores = replicates.scores[places]
    t = (replicates.replicates[:, places] - scores) / errors.of_replicates[:, places]
    below, above = _quantiles(t, ((1 - level) / 2, (1 + level) / 2))
    n = replicates.n_clusters
    scale = errors.of_scores[places] * np.sqrt(n / (n - 1))
    return scores - above * scale, scores - below * scale
