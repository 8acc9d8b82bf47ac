"""Which two solutions complement each other best, and how sure the gain of a blend is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer
from competition.ranking.blend import Blend, blend, pair_scores, single_scores
from competition.ranking.inference import LEVEL, reason_against
from competition.ranking.order import Interval
from competition.ranking.resampling import Contestant, resample
from competition.ranking.widening import widened_level
from competition.results import Predictions

N_PAIRS = 10
BEST = 40  # solutions whose pairs are looked at
N_STEPS = 8  # of the selection for a pair: weights in eighths at the finest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of K solutions over one cross-validation.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        Class codes, or values for regression.
    fold : ndarray of int of shape (n,)
        The fold in which each row was predicted.
    cluster : ndarray of int of shape (n,)
        The cluster of each row, in ``range(cluster.max() + 1)``.
    library : tuple of Predictions
        Of the solutions, aligned with `truth`.
    """

    truth: NDArray[Any]
    fold: NDArray[Any]
    cluster: NDArray[np.intp]
    library: tuple[Predictions, ...]


@dataclass(frozen=True)
class Pair:
    """Two solutions and their blend.

    Parameters
    ----------
    first, second : int
        Places of the two, the better one first.
    correlation : float
        Of their errors by row; NaN where one of them is always as wrong.
    identical : bool
        Whether their predictions are the same.
    scores : tuple of float
        Of the two by themselves.
    blend : Blend
        Of the two; its `score` and `gain` are cross-fitted.
    """

    first: int
    second: int
    correlation: float
    identical: bool
    scores: tuple[float, float]
    blend: Blend


def complements(made: OutOfFold, scorer: Scorer, n_pairs: int = N_PAIRS) -> list[Pair]:
    """Find the pairs whose blend gains most over the better of the two.

    All pairs of the best solutions are scored by their even mean; those that gain most are blended with weights of
    their own (`competition.ranking.blend.blend`), and are sorted by that gain. Each gain is cross-fitted, but the first
    of many pairs is first by luck too.

    Parameters
    ----------
    made : OutOfFold
        At least two solutions that can be blended, and three folds.
    scorer : Scorer
        The metric.
    n_pairs : int
        Pairs at most.

    Returns
    -------
    list of Pair
        By falling gain; none where the metric is undefined.
    """
    rows = (made.truth, made.library, made.fold, scorer)
    singles = single_scores(*rows)
    sign = 1.0 if scorer.metric.greater_is_better else -1.0
    worth = np.array([np.nan if score is None else sign * score for score in singles])
    best = np.sort(np.argsort(-worth, kind="stable")[: min(BEST, int(np.isfinite(worth).sum()))])
    if len(best) < 2:
        return []
    correlation = error_correlation(made.truth, made.library, scorer.n_classes)
    of_pairs = pair_scores(made.truth, [made.library[place] for place in best], made.fold, scorer)
    gains = {
        (int(best[one]), int(best[other])): sign * score - max(worth[best[one]], worth[best[other]])
        for (one, other), score in of_pairs.items()
    }
    promising = sorted(gains, key=lambda places: (-gains[places], places))[:n_pairs]
    pairs = []
    for places in promising:
        first, second = sorted(places, key=lambda place: -worth[place])
        together = [made.library[first], made.library[second]]
        found = blend(made.truth, together, made.fold, scorer, N_STEPS)
        if found is not None:
            pairs.append(
                Pair(
                    first=first,
                    second=second,
                    correlation=float(correlation[first, second]),
                    identical=together[0].fingerprint == together[1].fingerprint,
                    scores=(sign * float(worth[first]), sign * float(worth[second])),
                    blend=found,
                )
            )
    return sorted(pairs, key=lambda pair: -pair.blend.gain)


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


def gain_interval(found: Blend, made: OutOfFold, scorer: Scorer, seed: int, level: float = LEVEL) -> Interval | str:
    """Infer the interval of a blend's gain over the best single solution, by the paired bootstrap over clusters.

    Expanded percentiles (`competition.ranking.widening`) of the difference of both scores in each resample. Weights and
    thresholds are taken as they were chosen, and seeds are no part of it: a blend was never fitted with others.

    Parameters
    ----------
    found : Blend
        Of `made`.
    scorer : Scorer
        The metric.
    seed : int
        Of the draw.
    level : float
        Confidence.

    Returns
    -------
    Interval or str
        In the unit of the metric, above 0 where the blend is better; or why there is none.
    """
    both = (found.predicted, found.predicted_by_single)
    sums = [_statistics(one, made, scorer) for one in both]
    contestants = [
        Contestant(of_one, score)
        for of_one, score in zip(sums, (found.score, found.best_single), strict=True)
        if of_one is not None
    ]
    if len(contestants) < len(both):
        return "a fold has no sums by cluster of rows"
    replicates = resample(contestants, scorer, seed)
    reason = reason_against(replicates)
    if reason:
        return reason
    sign = 1.0 if replicates.greater_is_better else -1.0
    gains = sign * (replicates.replicates[:, 0] - replicates.replicates[:, 1])
    tail = (1 - widened_level(level, replicates.effective_clusters)) / 2
    low, high = np.quantile(gains, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _statistics(predictions: Predictions, made: OutOfFold, scorer: Scorer) -> Floats | None:
    """Sums of shape (units, clusters, S): all rows together, or each fold by itself where the metric is averaged."""
    n_clusters = int(made.cluster.max()) + 1
    everywhere = np.ones(len(made.truth), dtype=bool)
    units = [everywhere] if scorer.metric.pooled else [made.fold == one for one in np.unique(made.fold)]
    sums = [
        scorer.statistics(made.truth[rows], predictions.take(np.flatnonzero(rows)), made.cluster[rows], n_clusters)
        for rows in units
    ]
    if any(unit is None for unit in sums):
        return None
    return np.asarray([unit for unit in sums if unit is not None], dtype=np.float64)
