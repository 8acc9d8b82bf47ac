"""Scores of a solution on each cluster of rows: a day, a group, a bin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from competition.definition import Competition
from competition.metrics import Scorer
from competition.results import Result

MOST = 400  # clusters that a figure shows
MOST_NUMBERS = 60_000  # scores of clusters that a page carries for all its solutions
OF_POSITIVES = frozenset({"f1", "fbeta", "precision", "recall"})  # tell nothing where no row is positive


@dataclass(frozen=True)
class ByCluster:
    """Scores by cluster.

    Parameters
    ----------
    names : tuple of str
        The clusters, in the order of time where they are days.
    scores : mapping
        By solution, one score a cluster; None where the metric is undefined.
    middle : tuple of float or None
        Their median by cluster.
    n_all : int
        How many clusters there are; those with the most rows are here where that is too many.
    """

    names: tuple[str, ...]
    scores: Mapping[str, tuple[float | None, ...]]
    middle: tuple[float | None, ...]
    n_all: int


def by_cluster(results: Sequence[Result], definition: Competition, most: int = MOST) -> ByCluster | None:
    """Score each solution on each cluster by the primary metric; None where no result has such statistics.

    Results whose clusters are others than those of most are left out.
    """
    found = {r.solution.name: r for r in results if r.statistics and r.statistics.clusters and r.statistics.units}
    kinds = [result.statistics.clusters for result in found.values() if result.statistics]
    if not kinds:
        return None
    clusters = max(kinds, key=kinds.count)
    alike = {n: r for n, r in found.items() if r.statistics is not None and r.statistics.clusters == clusters}
    scorer = definition.scorer(definition.metric.primary, len(next(iter(alike.values())).classes))
    sums = {name: result.statistics.array() for name, result in alike.items() if result.statistics}
    rows = _rows(next(iter(sums.values())), scorer)
    # Of too many, those with the most rows, in the order that they have.
    chosen = sorted(np.argsort(-rows, kind="stable")[: min(most, max(1, MOST_NUMBERS // len(alike)))].tolist())
    scores = {name: _scores(array[:, chosen], scorer) for name, array in sums.items()}
    middle = tuple(map(_median, zip(*scores.values(), strict=True)))
    return ByCluster(tuple(clusters[at] for at in chosen), scores, middle, len(clusters))


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _rows(sums: NDArray[np.float64], scorer: Scorer) -> NDArray[np.float64]:
    """Rows of each cluster, up to a common factor, from statistics of shape (units, clusters, S)."""
    counts_rows = scorer.metric.needs == "scores" or (scorer.metric.needs == "values" and scorer.n_classes > 0)
    return np.asarray(sums.sum(axis=(0, 2)) if counts_rows else sums[:, :, 0].sum(axis=0))


def _scores(sums: NDArray[np.float64], scorer: Scorer) -> tuple[float | None, ...]:
    metric = scorer.metric
    if metric.pooled:
        values = metric.from_statistics(sums.sum(axis=0), scorer.params)  # each repeat predicts every row once
    else:
        # A cluster that lies in one fold is undefined in the others.
        by_fold = metric.from_statistics(sums, scorer.params)
        defined = np.isfinite(by_fold)
        count = defined.sum(axis=0)
        total = np.where(defined, by_fold, 0.0).sum(axis=0)
        values = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    if metric.name in OF_POSITIVES and scorer.n_classes == 2:
        positives = sums[:, :, 2:].sum(axis=(0, 2))
        values = np.where(positives > 0, values, np.nan)
    return tuple(float(value) if np.isfinite(value) else None for value in values)
