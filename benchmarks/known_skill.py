"""Contests of synthetic solutions whose true scores are known."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from competition.metrics import METRICS, Scorer
from competition.ranking.resampling import Contestant
from competition.results import Predictions

Floats = NDArray[np.float64]
Spread = Literal["spread", "near ties", "tied best", "all equal"]
Metric = Literal["f1", "roc_auc", "root_mean_squared_error"]

POSITIVES = 0.3
SHAPE = 4.0  # of the gamma distribution of group sizes: their standard deviation is half of their mean
SPREADS: tuple[Spread, ...] = ("spread", "near ties", "tied best", "all equal")


@dataclass(frozen=True)
class World:
    """Where the rows of a contest come from. The noise of one solution on one row has standard deviation 1.

    Parameters
    ----------
    clusters : {"rows", "groups", "days"}
        Rows that are independent, in as many bins; rows of groups of unequal size; rows of days of equal size.
    n_clusters, n_rows : int
        Number of clusters, and about as many rows.
    shared_effect, own_effect : float
        Standard deviation of what a cluster does to all solutions alike, and to each one alone.
    difficulty : float
        Standard deviation of the difficulty of a row, shared by all solutions.
    """

    clusters: Literal["rows", "groups", "days"]
    n_clusters: int
    n_rows: int = 4_000
    shared_effect: float = 0.5
    own_effect: float = 0.2
    difficulty: float = 1.0

    def draw_clusters(self, generator: np.random.Generator) -> NDArray[np.intp]:
        """Draw the cluster of each row; none is empty."""
        if self.clusters != "groups":
            return np.arange(self.n_rows) % self.n_clusters
        sizes = generator.gamma(SHAPE, self.n_rows / self.n_clusters / SHAPE, self.n_clusters)
        return np.repeat(np.arange(self.n_clusters), np.maximum(sizes, 1).astype(np.intp))

    def draw_noise(self, cluster: NDArray[np.intp], n_solutions: int, generator: np.random.Generator) -> Floats:
        """Draw noise of variance 1 for each solution and row, shape (K, n)."""
        effects = (0.0, 0.0) if self.clusters == "rows" else (self.shared_effect, self.own_effect)
        shared = effects[0] * generator.standard_normal(self.n_clusters)[cluster]
        shared = shared + self.difficulty * generator.standard_normal(len(cluster))
        own = effects[1] * generator.standard_normal((n_solutions, self.n_clusters))[:, cluster]
        noise = shared + own + generator.standard_normal((n_solutions, len(cluster)))
        return np.asarray(noise / np.sqrt(1 + self.difficulty**2 + effects[0] ** 2 + effects[1] ** 2))


@dataclass(frozen=True)
class Contest:
    """Solutions with what was measured of them, and what is true.

    Parameters
    ----------
    true_scores : ndarray of shape (K,)
        What the scores tend to with ever more clusters.
    """

    contestants: tuple[Contestant, ...]
    scorer: Scorer
    true_scores: Floats

    @property
    def true_ranks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last rank of each solution; more than one where solutions are truly equal."""
        worth = self.true_scores if self.scorer.metric.greater_is_better else -self.true_scores
        first = 1 + (worth > worth[:, None]).sum(axis=1)
        return first, (worth >= worth[:, None]).sum(axis=1)


def skills(spread: Spread, n_solutions: int, generator: np.random.Generator) -> Floats:
    """Probability with which each solution is right."""
    match spread:
        case "spread":
            return np.linspace(0.65, 0.85, n_solutions)
        case "near ties":
            return generator.uniform(0.775, 0.785, n_solutions)
        case "tied best":
            n_best = max(2, min(5, n_solutions // 3))
            return np.concatenate([np.full(n_best, 0.8), np.linspace(0.6, 0.795, n_solutions - n_best)])
        case _:
            return np.full(n_solutions, 0.78)


def draw(
    world: World, skill: Floats, metric: Metric, generator: np.random.Generator, seed_deviation: float = 0.0
) -> Contest:
    """Draw a contest.

    Parameters
    ----------
    skill : ndarray of shape (K,)
        For labels the sensitivity and the specificity, for scores the area under the ROC curve, for a regression 1 less
        the root mean squared error.
    seed_deviation : float
        Standard deviation over seeds of a solution's score, which is from one fit.
    """
    cluster = world.draw_clusters(generator)
    noise = world.draw_noise(cluster, len(skill), generator)
    truth = (generator.random(len(cluster)) < POSITIVES).astype(np.int32)
    scorer = Scorer(METRICS[metric], 0 if metric == "root_mean_squared_error" else 2)
    true_scores = _true_scores(skill, metric)
    lucky = skill
    if seed_deviation:
        slope = (_true_scores(skill + 1e-4, metric) - true_scores) / 1e-4
        lucky = skill + seed_deviation / slope * generator.standard_normal(len(skill))
    contestants = []
    for of_one, level in zip(noise, lucky, strict=True):
        match metric:
            case "f1":
                predictions = Predictions(np.where(ndtri(level) + of_one > 0, truth, 1 - truth))
            case "roc_auc":
                predictions = Predictions(truth, np.sqrt(2) * ndtri(level) * truth + of_one, "decision")
            case _:
                predictions = Predictions(truth + (1 - level) * of_one)
        sums = scorer.statistics(truth, predictions, cluster, world.n_clusters)
        score = scorer(truth, predictions)
        assert sums is not None
        assert score is not None
        contestants.append(Contestant(sums[None].astype(np.float64), score, seed_deviation))
    return Contest(tuple(contestants), scorer, true_scores)


def _true_scores(skill: Floats, metric: Metric) -> Floats:
    match metric:
        case "f1":
            called = POSITIVES * skill + (1 - POSITIVES) * (1 - skill)
            return np.asarray(2 * POSITIVES * skill / (POSITIVES + called))
        case "roc_auc":
            return skill
        case _:
            return np.asarray(1 - skill)
