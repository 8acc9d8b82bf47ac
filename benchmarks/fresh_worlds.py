"""Contests of known skill in worlds that no constant of the ranking was tuned on.

They differ from `benchmarks.known_skill` in what makes a prediction right (a score beyond a threshold, not a coin for
each row), in the sizes of clusters and their share of positives, in days that are hard in ways with heavy tails, and in
solutions that come in families.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.known_skill import Contest
from competition.metrics import METRICS, Scorer
from competition.ranking.resampling import Contestant
from competition.results import Predictions

Floats = NDArray[np.float64]
Gaps = Literal["all equal", "one ahead", "two camps", "halving gaps"]
Metric = Literal["f1", "average_precision", "root_mean_squared_error"]

GAPS: tuple[Gaps, ...] = ("all equal", "one ahead", "two camps", "halving gaps")
FAMILIES = 3
LOWEST, HIGHEST = 0.6, 3.4  # skill
THRESHOLD = 1.2
N_FOLDS = 5
N_GRID = 12
TRUE_SIZE = 200  # times as large as a contest: a true score is that of so many
DEGREES = 5  # of Student's t, for the errors of a regression


@dataclass(frozen=True)
class World:
    """Where the rows of a contest come from.

    Parameters
    ----------
    n_clusters, n_rows : int
        Number of clusters, and about as many rows.
    unevenness : float
        Standard deviation of the logarithm of the cluster sizes.
    positives : float
        Share of positive rows.
    concentration : float
        Of the Beta distribution of that share over clusters; infinite where it is the same in all.
    tails : float
        Degrees of freedom of Student's t, of which the effects of clusters are drawn, made to have variance 1.
    shared_effect, own_effect : float
        Standard deviation of what a cluster does to all solutions alike, and to each one alone.
    kinship : float
        Share of the variance of what is a solution's own that it has in common with its family.
    """

    n_clusters: int
    n_rows: int = 3_000
    unevenness: float = 0.0
    positives: float = 0.2
    concentration: float = np.inf
    tails: float = 5.0
    shared_effect: float = 0.6
    own_effect: float = 0.25
    kinship: float = 0.0


def skills(gaps: Gaps, n_solutions: int, generator: np.random.Generator) -> Floats:
    """Distance of the positive rows' scores from the negative ones', in about standard deviations."""
    best = generator.uniform(1.6, 3.0)
    match gaps:
        case "all equal":
            return np.full(n_solutions, best)
        case "one ahead":
            return np.where(np.arange(n_solutions) == 0, best, best - generator.uniform(0.05, 0.4))
        case "two camps":
            return np.where(np.arange(n_solutions) < (n_solutions + 1) // 2, best, best - generator.uniform(0.1, 0.6))
        case _:
            return np.asarray(best - generator.uniform(0.3, 0.8) * (1 - 0.5 ** np.arange(n_solutions)[::-1]))


def draw(world: World, skill: Floats, metric: Metric, generator: np.random.Generator) -> Contest:
    """Draw a contest.

    Parameters
    ----------
    skill : ndarray of shape (K,)
        From `LOWEST` to `HIGHEST`.
    """
    cluster, truth, noise = _drawn(world, len(skill), metric, generator)
    scorer = scorer_of(metric)
    fold = _folds(world, cluster, metric, generator)
    units = [np.flatnonzero(fold == code) for code in range(fold.max() + 1)]
    contestants = []
    for of_one, level in zip(noise, skill, strict=True):
        predictions = _predicted(truth, of_one, level, metric)
        sums = [scorer.statistics(truth[at], predictions.take(at), cluster[at], world.n_clusters) for at in units]
        score = float(np.mean(_fold_scores(scorer, truth, predictions, fold)))
        contestants.append(Contestant(np.array(sums, dtype=np.float64), score))
    return Contest(tuple(contestants), scorer, np.interp(skill, *_true_scores(world, metric)))


def _folds(world: World, cluster: NDArray[np.intp], metric: Metric, generator: np.random.Generator) -> NDArray[np.intp]:
    """Fold of each row, whose scores are averaged; one for a metric that is pooled."""
    if scorer_of(metric).metric.pooled:
        return np.zeros(len(cluster), dtype=np.intp)
    if world.own_effect:
        return np.asarray(cluster * N_FOLDS // (cluster.max() + 1))
    return generator.integers(N_FOLDS, size=len(cluster))


def scorer_of(metric: Metric) -> Scorer:
    """The metric, for two classes or for a regression."""
    return Scorer(METRICS[metric], 0 if metric == "root_mean_squared_error" else 2)


def _drawn(
    world: World, n_solutions: int, metric: Metric, generator: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64], Floats]:
    """Cluster and truth of each row, and the noise of each solution on it, shape (K, n)."""
    sizes = generator.lognormal(0, world.unevenness, world.n_clusters)
    sizes *= world.n_rows / world.n_clusters / np.exp(world.unevenness**2 / 2)
    cluster = np.repeat(np.arange(world.n_clusters), np.maximum(np.rint(sizes), 1).astype(np.intp))
    n = len(cluster)
    shares = np.full(world.n_clusters, world.positives)
    if np.isfinite(world.concentration):
        a, b = world.concentration * world.positives, world.concentration * (1 - world.positives)
        shares = generator.beta(a, b, world.n_clusters)
    family = np.arange(n_solutions) % FAMILIES
    kin, alone = np.sqrt(world.kinship), np.sqrt(1 - world.kinship)

    def of_own(shape: int, effects: bool) -> Floats:
        of_families = _effects(world, (FAMILIES, shape), generator, effects)[family] if kin else 0.0
        return np.asarray(kin * of_families + alone * _effects(world, (n_solutions, shape), generator, effects))

    shared = world.shared_effect * _effects(world, (1, world.n_clusters), generator, True)
    by_cluster = shared + world.own_effect * of_own(world.n_clusters, True)
    of_rows = np.sqrt(0.5) * (generator.standard_normal(n) + of_own(n, False))
    if metric == "root_mean_squared_error":
        # A hard day makes errors large, and shifts them.
        heavy = np.sqrt((DEGREES - 2) / generator.chisquare(DEGREES, n))
        hard = np.exp(0.5 * world.shared_effect * generator.standard_normal(world.n_clusters))
        noise = of_rows * heavy * hard[cluster] + 0.5 * by_cluster[:, cluster]
        return cluster, generator.normal(size=n), noise
    return cluster, (generator.random(n) < shares[cluster]).astype(np.int32), of_rows + by_cluster[:, cluster]


def _effects(world: World, shape: tuple[int, int], generator: np.random.Generator, heavy: bool) -> Floats:
    normal = generator.standard_normal(shape)
    if not heavy or not world.own_effect or not np.isfinite(world.tails):
        return normal
    # All solutions feel a hard cluster.
    scale = np.sqrt((world.tails - 2) / generator.chisquare(world.tails, shape[1]))
    return np.asarray(normal * scale)


def _predicted(truth: NDArray[np.float64], noise: Floats, skill: float, metric: Metric) -> Predictions:
    match metric:
        case "f1":
            return Predictions((skill * truth + noise > THRESHOLD).astype(np.int32))
        case "average_precision":
            return Predictions(truth, skill * truth + noise, "decision")
        case _:
            return Predictions(truth + (4 - skill) * noise)


@cache
def _true_scores(world: World, metric: Metric) -> tuple[Floats, Floats]:
    """Skills, and what the score tends to with ever more contests of this size, or ever more clusters if pooled."""
    grid = np.linspace(LOWEST, HIGHEST, N_GRID)
    scorer = scorer_of(metric)
    generator = np.random.default_rng(0)
    scores: list[list[float]] = [[] for _ in grid]
    totals: list[Floats] = [np.zeros(1) for _ in grid]
    for _ in range(TRUE_SIZE):
        cluster, truth, noise = _drawn(world, 1, metric, generator)
        together = np.zeros(len(truth), dtype=np.intp)
        fold = _folds(world, cluster, metric, generator)
        for place, level in enumerate(grid):
            predictions = _predicted(truth, noise[0], level, metric)
            if scorer.metric.pooled:
                sums = scorer.statistics(truth, predictions, together, 1)
                assert sums is not None
                totals[place] = totals[place] + sums[0]
            else:
                scores[place] += _fold_scores(scorer, truth, predictions, fold)
    if scorer.metric.pooled:
        return grid, np.array([scorer.from_statistics(one) for one in totals], dtype=np.float64)
    return grid, np.array([np.mean(one) for one in scores])


def _fold_scores(
    scorer: Scorer, truth: NDArray[np.float64], predictions: Predictions, fold: NDArray[np.intp]
) -> list[float]:
    """Score of each fold in which it is defined."""
    units = [np.flatnonzero(fold == code) for code in range(fold.max() + 1)]
    scores = [scorer(truth[rows], predictions.take(rows)) for rows in units]
    return [score for score in scores if score is not None]
