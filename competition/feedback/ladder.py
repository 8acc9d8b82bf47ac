"""The Ladder: a public score moves only when the improvement is significant, and is rounded.

Blum and Hardt 2015, "The Ladder: a reliable leaderboard for machine learning competitions". As in their parameter-free
form, a submission is compared with its author's best by the standard error of the paired difference, here from the
paired bootstrap over clusters of rows, which serves metrics that are no mean of losses as well.

Their form moves on an improvement of one standard error, which one random change in six reaches by luck: changing two
labels at a time and keeping what moved lifts coin tosses on 1,000 rows from 0.50 to 0.64 in 400 looks, nearly as far as
a board that tells everything. So the improvement must here be significant for the number of looks as well: the n-th
comparison of an author has ``ALPHA / (n (n + 1))`` of the risk, and all of them together `ALPHA`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from competition.feedback.published import Release
from competition.metrics import Scorer
from competition.ranking.resampling import draw_counts, effective_number

ALPHA = 0.05
N_RESAMPLES = 500  # the standard error is rounded to 1, 2 or 5 anyway

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Predictions of the public rows.

    Parameters
    ----------
    score : float
        Of the primary metric.
    statistics : ndarray of shape (clusters, S)
        Sums by cluster, as `Scorer.statistics` gives them.
    sizes : ndarray of shape (clusters,)
        Rows of each cluster.
    """

    score: float
    statistics: Floats
    sizes: Floats


@dataclass(frozen=True)
class Rung:
    """The best of an author: its own score, and the one that was told."""

    scored: Scored
    release: Release


def climb(new: Scored, best: Rung | None, n_comparisons: int, scorer: Scorer, seed: int) -> Release | None:
    """Decide what is told of a submission.

    Parameters
    ----------
    new : Scored
        The submission.
    best : Rung or None
        The best of its author so far; None for the first one, which is always told.
    n_comparisons : int
        Looks of the author, this one left out.
    scorer : Scorer
        The primary metric.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Release or None
        The new public score; None where the old one stays.
    """
    from scipy.stats import t

    error, freedom = _standard_error(new, best, scorer, seed)
    error = max(error, _least(new, scorer))
    if best is not None:
        sign = 1.0 if scorer.metric.greater_is_better else -1.0
        # What was told may be rounded up, and what is below it would be no improvement to those who know that alone.
        bar = max(sign * best.scored.score, sign * best.release.score)
        quantile = float(t.isf(ALPHA / (n_comparisons * (n_comparisons + 1)), freedom))
        if not sign * new.score - bar > quantile * error:
            return None
    step = _step(error)
    return Release(score=_to_step(new.score, step), step=step)


def _standard_error(new: Scored, best: Rung | None, scorer: Scorer, seed: int) -> tuple[float, float]:
    """Standard error of the difference, or of the score where there is nothing to compare with; degrees of freedom."""
    n = len(new.sizes)
    drawn = _draws(n, seed)
    differences = scorer.metric.from_statistics(drawn @ new.statistics, scorer.params)
    if best is not None:  # in the same draws
        differences = differences - scorer.metric.from_statistics(drawn @ best.scored.statistics, scorer.params)
    # The bootstrap's spread is that of a sum over n clusters around their own mean.
    error = float(np.nanstd(differences)) * math.sqrt(n / (n - 1))
    return error, effective_number(new.sizes) - 1


@lru_cache(maxsize=4)
def _draws(n_clusters: int, seed: int) -> Floats:
    return draw_counts(n_clusters, N_RESAMPLES, seed)


def _least(new: Scored, scorer: Scorer) -> float:
    """What one row can make of the score: nothing finer is told (Blum and Hardt round to 1/n)."""
    scale = 1.0 if scorer.metric.greater_is_better else abs(new.score)
    return scale / float(new.sizes.sum())


def _step(error: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten, in ratio, so that the step itself tells little."""
    if error == 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(error))
    return float(f"{min((m * power for m in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / error))):.1g}")


def _to_step(score: float, step: float) -> float:
    return float(f"{round(score / step) * step:.12g}") if step else score
