"""Out-of-fold predictions of solutions that were evaluated, put together by row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.dataset import Prepared
from competition.evaluation.cache import TrialCache
from competition.evaluation.kept import kept_folds
from competition.evaluation.scoring import Finished
from competition.predictions import Predictions
from competition.ranking.complements import OutOfFold
from competition.results import Result
from competition.solution import Solution


@dataclass(frozen=True)
class Library:
    """What the cache holds.

    Parameters
    ----------
    names : tuple of str
        Solutions whose predictions are there.
    made : OutOfFold
        Of these, in this order, over the first repeat of the cross-validation.
    missing : tuple of str
        Solutions whose predictions are not all there.
    """

    names: tuple[str, ...]
    made: OutOfFold
    missing: tuple[str, ...]


def read_library(prepared: Prepared, evaluated: Sequence[tuple[Solution, Result]], cache: TrialCache) -> Library:
    """Find the predictions that results were scored on; nothing is fitted.

    Parameters
    ----------
    prepared : Prepared
        The data that the results were made on.
    evaluated : sequence of (Solution, Result)
        The solutions' files as they were evaluated, and what came of them.
    cache : TrialCache
        Where outcomes of trials are kept.
    """
    names = [result.solution.name for _, result in evaluated]
    sources = {solution.name: solution.source for solution, _ in evaluated}
    kept = kept_folds(prepared, [result for _, result in evaluated], sources, cache)
    found = tuple(name for name in names if name in kept)
    missing = tuple(name for name in names if name not in kept)
    return Library(found, _made(prepared, [_together(kept[name]) for name in found]), missing)


def _together(finished: Sequence[Finished]) -> Predictions:
    """Put the folds of the first repeat together by row."""
    first = [one for one in finished if one.record.repeat == 0]
    made = [one.predictions for one in first if one.predictions is not None]
    scores = [one.scores for one in made if one.scores is not None]
    kinds = {one.score_kind for one in made}
    values = np.concatenate([one.values for one in made])
    # Scores of one kind on every fold, or none at all.
    alike = len(scores) == len(made) and len(kinds) == 1
    together = Predictions(values, np.concatenate(scores), kinds.pop()) if alike else Predictions(values)
    return together.take(np.argsort(np.concatenate([one.rows for one in first]), kind="stable"))


def _made(prepared: Prepared, library: Sequence[Predictions]) -> OutOfFold:
    """Add truth, fold and cluster of the rows that are predicted in the first repeat."""
    folds = [fold for fold in prepared.folds if fold.repeat == 0]
    rows = np.concatenate([fold.valid for fold in folds])
    order = np.argsort(rows, kind="stable")
    numbers = np.repeat([fold.fold for fold in folds], [len(fold.valid) for fold in folds])
    rows = rows[order]
    cluster = np.unique(prepared.train.cluster.code[rows], return_inverse=True)[1]
    return OutOfFold(prepared.train.y[rows], numbers[order], cluster, tuple(library))
