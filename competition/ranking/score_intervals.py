"""Confidence intervals of single scores from their replicates."""

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
    low, high = np.quantile(replicates.replicates, [tail, 1 - tail], axis=0)
    if replicates.errors is not None:
        spread = replicates.errors.of_replicates.min(axis=0) > FLAT * replicates.errors.of_scores
        places = np.flatnonzero(spread)
        low[places], high[places] = _studentised(replicates, replicates.errors, places, level)
    least, most = replicates.bounds
    return np.clip(low, least, most), np.clip(high, least, most)


def _studentised(
    replicates: Replicates, errors: StandardErrors, places: NDArray[np.intp], level: float
) -> tuple[Floats, Floats]:
    scores = replicates.scores[places]
    t = (replicates.replicates[:, places] - scores) / errors.of_replicates[:, places]
    below, above = np.quantile(t, [(1 - level) / 2, (1 + level) / 2], axis=0)
    n = replicates.n_clusters
    scale = errors.of_scores[places] * np.sqrt(n / (n - 1))
    return scores - above * scale, scores - below * scale
