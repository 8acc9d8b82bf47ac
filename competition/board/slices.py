"""Scores by slice, with intervals: where a solution does badly, and whether that is the slice's fault.

Slices need single rows, so they are made from the predictions in the cache, where these are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from competition.board.slicing import Slicing, slicings
from competition.metrics import Scorer
from competition.ranking.inference import LEVEL, MIN_CLUSTERS
from competition.ranking.order import Interval
from competition.ranking.resampling import Contestant, resample
from competition.ranking.score_intervals import intervals

if TYPE_CHECKING:
    from competition.board.table import Leaderboard
    from competition.dataset import Prepared
    from competition.evaluation.scoring import Finished
    from competition.repository import Repository

N_RESAMPLES = 500
OF_POSITIVES = frozenset({"f1", "fbeta", "precision", "recall"})  # tell nothing where no row is positive

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slice:
    """Rows that have something in common.

    Parameters
    ----------
    positives : int or None
        Rows of the positive class in a binary task.
    scores : mapping
        Primary score by solution, None where it is undefined.
    intervals : mapping
        Of these scores, for those that have one.
    middle : float or None
        Median of the scores.
    """

    name: str
    rows: int
    positives: int | None
    scores: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    middle: float | None


@dataclass(frozen=True)
class Sliced:
    """All slices by a column, in their own order, and how many there were before the small ones were left out."""

    title: str
    slices: tuple[Slice, ...]
    n_all: int


@dataclass(frozen=True)
class Slices:
    """Slices of a competition.

    Parameters
    ----------
    by : tuple of Sliced
        One a column.
    missing : frozenset of str
        Solutions on the board whose predictions are not here.
    """

    by: tuple[Sliced, ...] = ()
    missing: frozenset[str] = field(default_factory=frozenset)


NO_SLICES = Slices()


def slices_of(repository: "Repository", board: "Leaderboard", sources: Mapping[str, str]) -> Slices:
    """Score the ranked solutions of a board by slice, as far as their predictions are in the cache.

    Parameters
    ----------
    sources : mapping
        Text of the solutions' files as they were evaluated, by name.

    Raises
    ------
    PodiumError
        If the prepared data cannot be read, or ``[board] slices`` names a column that is not there.
    """
    from competition.board.slicing import chosen_columns
    from competition.manifest import current_manifest

    results = [row.result for row in board.ranked]
    nothing = Slices(missing=frozenset(result.solution.name for result in results))
    manifest = current_manifest(repository, board.definition)
    made_on = {(result.provenance.data, result.provenance.split) for result in results}
    if not chosen_columns(board.definition):
        return Slices()
    if manifest is None or made_on != {(manifest.data, manifest.split)} or not repository.cache.is_dir():
        return nothing
    from competition.dataset import read_prepared
    from competition.evaluation.cache import TrialCache
    from competition.evaluation.kept import kept_folds

    prepared = read_prepared(repository, board.definition)
    folds = kept_folds(prepared, results, sources, TrialCache(repository.cache))
    if not folds:
        return nothing
    by = tuple(score_slices(prepared, folds, slicing) for slicing in slicings(prepared))
    return Slices(by, nothing.missing - folds.keys())


def score_slices(prepared: "Prepared", folds: Mapping[str, Sequence["Finished"]], slicing: Slicing) -> Sliced:
    """Score solutions on each slice of the training rows.

    As on the board, out-of-fold rows are scored together, or fold by fold and averaged, as the metric wants it. The
    interval of a score resamples the clusters that have rows in the slice; there is none with fewer than ten of them.

    Parameters
    ----------
    folds : mapping
        By solution the trials on all validation folds.
    """
    definition = prepared.definition
    scorer = definition.scorer(definition.metric.primary, len(prepared.classes))
    sums = {name: _sums(prepared, of_solution, slicing, scorer) for name, of_solution in folds.items()}
    scored = {name: made for name, made in sums.items() if made is not None}
    slices = []
    for number, name in enumerate(slicing.names):
        rows = slicing.code == number
        positives = int((prepared.train.y[rows] == 1).sum()) if scorer.n_classes == 2 else None
        defined = not (positives == 0 and scorer.metric.name in OF_POSITIVES)
        of_slice = {solution: made[:, number] for solution, made in scored.items()} if defined else {}
        slices.append(_slice(name, int(rows.sum()), positives, of_slice, (scorer, definition.competition.seed)))
    return Sliced(slicing.title, tuple(slices), slicing.n_all)


def _slice(name: str, rows: int, positives: int | None, sums: Mapping[str, Floats], drawn: tuple[Scorer, int]) -> Slice:
    scorer, seed = drawn
    scores = {solution: _score(of_solution, scorer) for solution, of_solution in sums.items()}
    known = {solution: score for solution, score in scores.items() if score is not None}
    return Slice(
        name=name,
        rows=rows,
        positives=positives,
        scores=scores,
        intervals=_intervals({solution: (sums[solution], score) for solution, score in known.items()}, scorer, seed),
        middle=median(known.values()) if known else None,
    )


def _sums(
    prepared: "Prepared", folds: Sequence["Finished"], slicing: Slicing, scorer: Scorer
) -> NDArray[np.float64] | None:
    """Sums of shape (units, slices, clusters, S); None where the predictions lack what the metric needs."""
    from competition.evaluation.scoring import pooled, units

    cluster = prepared.train.cluster
    n_clusters, n_slices = len(cluster.names), len(slicing.names)
    made = []
    for unit in units(folds, pooled=scorer.metric.pooled):
        rows = np.concatenate([one.rows for one in unit])
        truth, predictions = pooled(unit, prepared)
        inside = np.flatnonzero(slicing.code[rows] >= 0)
        cell = slicing.code[rows[inside]] * n_clusters + cluster.code[rows[inside]]
        sums = scorer.statistics(truth[inside], predictions.take(inside), cell, n_slices * n_clusters)
        if sums is None:
            return None
        made.append(sums.reshape(n_slices, n_clusters, -1))
    return np.stack(made).astype(np.float64)


def _score(sums: Floats, scorer: Scorer) -> float | None:
    """Score of sums of shape (units, clusters, S): the mean over the units where it is defined."""
    scores = [scorer.from_statistics(unit) for unit in sums.sum(axis=1) if unit.any()]
    known = [score for score in scores if score is not None]
    return float(np.mean(known)) if known else None


def _intervals(scored: Mapping[str, tuple[Floats, float]], scorer: Scorer, seed: int) -> dict[str, Interval]:
    """Intervals by solution, all drawn alike."""
    if not scored:
        return {}
    held = np.logical_or.reduce([sums.any(axis=(0, 2)) for sums, _ in scored.values()])
    if held.sum() < MIN_CLUSTERS:
        return {}
    contestants = [Contestant(sums[:, held], score) for sums, score in scored.values()]
    ends = zip(*intervals(resample(contestants, scorer, seed, N_RESAMPLES), LEVEL), strict=True)
    return {
        name: Interval(float(low), float(high))
        for name, (low, high) in zip(scored, ends, strict=True)
        if np.isfinite(low) and np.isfinite(high) and low < high  # without an error nothing can be resampled
    }
