"""Paired bootstrap: the scores that solutions would have had on other rows of the same kind, drawn alike for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer
from competition.ranking.linearised import standard_errors

N_RESAMPLES = 2_000
CHUNK_BYTES = 32 * 2**20
FEW_CLUSTERS = 50  # from here on percentiles and studentised intervals cover alike (benchmarks/coverage.py)
UNEVENNESS = 0.25  # squared coefficient of variation
MAX_SUMS = 32  # a gradient takes two scores for each sum, too slow for histograms

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contestant:
    """What resampling needs of a solution.

    Parameters
    ----------
    statistics : ndarray of shape (units, clusters, S)
        Sums by unit (repeat or fold) and cluster, as `Statistics.array` gives them.
    score : float
        The exact score, in the unit of the metric.
    seed_deviation : float
        Standard deviation of the score over seeds on one split, in the unit of the metric; 0 for a solution that does
        not depend on its seed.
    n_fits : int
        Number of fits with seeds of their own that the score averages over.
    """

    statistics: Floats
    score: float
    seed_deviation: float = 0.0
    n_fits: int = 1

    def __post_init__(self) -> None:
        if self.statistics.ndim != 3:
            raise ValueError(f"statistics: expected the axes (units, clusters, S), got {self.statistics.ndim} axes")
        if not np.isfinite(self.score):
            raise ValueError("a missing score is not resampled; such a solution ranks last")
        if not self.seed_deviation >= 0 or self.n_fits < 1:
            raise ValueError("expected seed_deviation >= 0 and n_fits >= 1")


@dataclass(frozen=True)
class StandardErrors:
    """Standard errors of K scores and of their replicates, seed noise included.

    Parameters
    ----------
    of_scores : ndarray of shape (K,)
        In the unit of the metric.
    of_replicates : ndarray of shape (B, K)
        Of each replicate, from its own resample.
    """

    of_scores: Floats
    of_replicates: Floats


@dataclass(frozen=True)
class Jackknife:
    """Scores of K solutions without one cluster each.

    Parameters
    ----------
    left_out : ndarray of shape (K, n_clusters)
        NaN where the metric is undefined.
    seed_errors : ndarray of shape (K,)
        Standard errors of the scores over seeds, of which these scores do not tell.
    """

    left_out: Floats
    seed_errors: Floats


@dataclass(frozen=True)
class Replicates:
    """Scores of K solutions in B resamples, each drawn with the same cluster counts for all solutions.

    Parameters
    ----------
    scores : ndarray of shape (K,)
        The exact scores, in the unit of the metric.
    replicates : ndarray of shape (B, K)
        Scores in each resample, seed noise included; NaN where the metric is undefined.
    shifts : ndarray of shape (K,)
        By how much the exact score differs from that of the statistics, where these only approximate it; else 0. The
        replicates of such a solution have its score as their mean.
    n_clusters : int
        Number of clusters that were drawn from.
    effective_clusters : float
        Number of clusters that are alike that would tell as much; see `effective_number`.
    greater_is_better : bool
        Direction of the metric.
    bounds : tuple of float
        What the metric cannot go beyond.
    jackknife : Jackknife, optional
        A second look at how sure the differences are.
    errors : StandardErrors, optional
        With fewer than `FEW_CLUSTERS` clusters, for metrics of few sums.
    """

    scores: Floats
    replicates: Floats
    shifts: Floats
    n_clusters: int
    effective_clusters: float
    greater_is_better: bool
    bounds: tuple[float, float] = (-np.inf, np.inf)
    jackknife: Jackknife | None = None
    errors: StandardErrors | None = None


def resample(
    contestants: Sequence[Contestant], scorer: Scorer, seed: int, n_resamples: int = N_RESAMPLES
) -> Replicates:
    """Draw clusters with replacement and score every solution in every draw.

    Whole clusters are drawn, since rows of one day or one group are alike and count for less than their number (Field
    and Welsh 2007, "Bootstrapping clustered data"). A resample averages the units (repeats or folds) in which its score
    is defined. Where a score averages few fits, another seed would have given another one: each solution's replicates
    receive independent normal noise of variance ``seed_deviation² / n_fits``, drawn from a generator that is seeded by
    the solution's statistics, so that neither the order nor the number of solutions changes it.

    Parameters
    ----------
    contestants : sequence of Contestant
        Of one competition: the same units, the same clusters in the same order.
    scorer : Scorer
        Turns sums into a score.
    seed : int
        Of the draw; one competition uses one seed.
    n_resamples : int
        Number of resamples B.

    Returns
    -------
    Replicates
        In the order of `contestants`.

    Raises
    ------
    ValueError
        If there is no contestant, or their statistics differ in shape.
    """
    shapes = {one.statistics.shape for one in contestants}
    if len(shapes) != 1:
        raise ValueError(f"expected statistics of one shape, got {sorted(shapes) or 'no contestant'}")
    _, n_clusters, n_sums = shapes.pop()
    drawn = draw_counts(n_clusters, n_resamples, seed)
    draws = np.vstack([drawn, 1 - np.eye(n_clusters)])
    keys = [_key(one) for one in contestants]
    # Rounding in a product of matrices depends on the place in it; a place by content makes the order of entry moot.
    places = sorted(range(len(contestants)), key=keys.__getitem__)
    scored = np.empty((len(contestants), len(draws)))
    for chunk in _chunks(places, len(draws) * n_sums * draws.itemsize):
        sums = np.stack([contestants[place].statistics for place in chunk])
        scored[chunk] = _mean_over_units(sums, draws, scorer)
    by_solution, left_out = scored[:, :n_resamples], scored[:, n_resamples:]
    shifts = np.zeros(len(contestants))
    if not scorer.metric.pooled:
        shifts[:] = [one.score - _score_of_statistics(one, scorer) for one in contestants]
        # A fold of few clusters has other scores if some are drawn twice; the mean over folds is right as it stands.
        scores = np.array([one.score for one in contestants])
        by_solution += (scores - by_solution.mean(axis=1))[:, None]
    seed_errors = np.array([one.seed_deviation / np.sqrt(one.n_fits) for one in contestants])
    for place in np.flatnonzero(seed_errors):
        noise = np.random.default_rng([seed, *keys[place]]).standard_normal(n_resamples)
        by_solution[place] += seed_errors[place] * noise
    return Replicates(
        scores=np.array([one.score for one in contestants]),
        replicates=by_solution.T,
        shifts=shifts,
        n_clusters=n_clusters,
        effective_clusters=effective_number(_sizes(contestants[0].statistics, scorer)),
        greater_is_better=scorer.metric.greater_is_better,
        bounds=_bounds(scorer),
        jackknife=Jackknife(left_out, seed_errors),
        errors=_errors(contestants, drawn, scorer, seed_errors),
    )


def draw_counts(n_clusters: int, n_resamples: int, seed: int) -> Floats:
    """How often each resample holds each cluster.

    Returns
    -------
    ndarray of shape (n_resamples, n_clusters)
        Whole numbers, as floats, which BLAS multiplies.
    """
    generator = np.random.default_rng(seed)
    return generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_resamples).astype(np.float64)


def effective_number(sizes: Floats) -> float:
    """Number of clusters that are alike from which a variance would be estimated as well as from these.

    Satterthwaite's ``(sum of variances)² / sum of squared variances``, for clusters whose variance is in proportion to
    their size and varies beside that, as days of equal size differ too: by `UNEVENNESS`, for which ranges of ranks hold
    as often as stated where all solutions are equal (`benchmarks/coverage.py`; without it they held in 90 % for 200
    solutions on 14 days, in 94 % for 5). Carter, Schnepel and Steigerwald 2017, "Asymptotic behavior of a t-test robust
    to cluster heterogeneity", count clusters in this spirit.

    Parameters
    ----------
    sizes : ndarray of shape (clusters,)
        Rows of each cluster.

    Returns
    -------
    float
        From 2 to less than the number of clusters.
    """
    of_sizes = float(sizes.sum() ** 2 / np.square(sizes).sum())
    return max(2.0, 1 + (of_sizes - 1) / (1 + UNEVENNESS))


def _sizes(statistics: Floats, scorer: Scorer) -> Floats:
    """Rows of each cluster over all units, up to a factor."""
    counts = scorer.metric.needs == "scores" or (scorer.metric.needs == "values" and scorer.n_classes)
    of_units = statistics.sum(axis=-1) if counts else statistics[..., 0]
    return np.asarray(of_units.sum(axis=0))


def _bounds(scorer: Scorer) -> tuple[float, float]:
    if not scorer.metric.greater_is_better:
        return 0.0, np.inf
    return {"matthews_corrcoef": -1.0, "r2": -np.inf}.get(scorer.metric.name, 0.0), 1.0


def _errors(
    contestants: Sequence[Contestant], drawn: Floats, scorer: Scorer, seed_errors: Floats
) -> StandardErrors | None:
    n_sums = contestants[0].statistics.shape[2]
    if drawn.shape[1] >= FEW_CLUSTERS or n_sums > MAX_SUMS:
        return None
    # The first row is the data itself.
    draws = np.vstack([np.ones(drawn.shape[1]), drawn])
    made = np.stack([standard_errors(one.statistics, draws, scorer) for one in contestants])
    made = np.hypot(made, seed_errors[:, None])
    return StandardErrors(made[:, 0], made[:, 1:].T)


def _key(one: Contestant) -> bytes:
    """A digest of what a solution did, equal for equal predictions alone."""
    return blake2b(one.statistics.tobytes() + np.float64(one.score).tobytes(), digest_size=16).digest()


def _chunks(places: list[int], bytes_each: int) -> Iterator[list[int]]:
    size = max(1, CHUNK_BYTES // bytes_each)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _mean_over_units(sums: Floats, drawn: Floats, scorer: Scorer) -> Floats:
    """Scores of shape (solutions, B), from sums of shape (solutions, units, clusters, S)."""
    total = np.zeros((len(sums), len(drawn)))
    n_defined = np.zeros_like(total)
    for unit in np.moveaxis(sums, 1, 0):
        held = unit.any(axis=(0, 2))  # a block of time has rows in few of the clusters
        # The sums come last for the metric and first in memory, where adding two of them is one pass over long rows.
        stacked = np.moveaxis(unit[:, held], 2, 0).reshape(-1, held.sum())
        of_draws = (stacked @ drawn[:, held].T).reshape(unit.shape[2], len(unit), len(drawn))
        scores = scorer.metric.from_statistics(np.moveaxis(of_draws, 0, -1), scorer.params)
        defined = np.isfinite(scores)
        total += np.where(defined, scores, 0.0)
        n_defined += defined
    return np.divide(total, n_defined, out=np.full_like(total, np.nan), where=n_defined > 0)


def _score_of_statistics(one: Contestant, scorer: Scorer) -> float:
    points = [scorer.from_statistics(unit.sum(axis=0)) for unit in one.statistics]
    return float(np.mean([point for point in points if point is not None]))
