"""Which solutions of a board complement each other, and what a blend of them would gain."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from competition.board.row import Row
from competition.board.table import Leaderboard
from competition.metrics import Scorer
from competition.ranking.blend import Blend, blend, can_be_blended
from competition.ranking.complements import Pair, complements, gain_interval
from competition.ranking.order import Interval

if TYPE_CHECKING:
    from competition.board.library import Library
    from competition.dataset import Prepared
    from competition.evaluation.cache import TrialCache
    from competition.solution import Solution

MIN_FOLDS = 3


@dataclass(frozen=True)
class Missing:
    """A solution that has no part in it.

    Parameters
    ----------
    why : str
        Why not.
    runs : str
        The command that changes that, with braces for the names of solutions; empty where none does.
    """

    name: str
    why: str
    runs: str = ""

    @property
    def command(self) -> str:
        """The command for this solution alone."""
        return self.runs.format(self.name)


@dataclass(frozen=True)
class Blending:
    """What the out-of-fold predictions of a board's solutions come to together.

    Parameters
    ----------
    rows : tuple of Row
        The solutions that were looked at.
    missing : tuple of Missing
        The others.
    pairs : tuple of Pair
        Those that complement each other best; their places are in `rows`.
    best : Blend or None
        The best blend of all of them, its weights in the order of `rows`.
    interval : Interval or None
        Of its gain.
    reason : str
        Why there is no blend, or no interval of its gain; empty where there is.
    """

    board: Leaderboard
    rows: tuple[Row, ...]
    missing: tuple[Missing, ...]
    pairs: tuple[Pair, ...] = ()
    best: Blend | None = None
    interval: Interval | None = None
    reason: str = ""

    @property
    def members(self) -> list[tuple[Row, float]]:
        """Solutions of the best blend and their weights, the heaviest first."""
        if self.best is None:
            return []
        weighed = [(row, float(weight)) for row, weight in zip(self.rows, self.best.weights, strict=True) if weight]
        return sorted(weighed, key=lambda member: -member[1])

    @property
    def verdict(self) -> str:
        """What the interval of the gain says, in one sentence."""
        if self.best is None:
            return f"No blend: {self.reason}."
        if self.interval is None:
            return f"Whether the blend is better cannot be said: {self.reason}."
        if self.interval.low > 0:
            return "The blend is better than the best single solution."
        if self.interval.high < 0:
            return "The blend is worse than the best single solution."
        return "Nothing here says that a blend is better than the best single solution."

    @property
    def basis(self) -> str:
        """How the scores came about, in a few sentences."""
        repeats = self.board.definition.cv.n_repeats
        which = f", of the first of {repeats} repeats" if repeats > 1 else ""
        cut = ", and thresholds," if chooses_threshold(scorer_of(self.board)) else ""
        return (
            f"From out-of-fold predictions{which}. Weights{cut} that predict a fold are chosen on the other folds, so "
            "that no score is of rows that chose it; single solutions are treated alike."
        )


def scorer_of(board: Leaderboard) -> Scorer:
    """Return the metric that ranks a board, bound to its task."""
    n_classes = len(board.rows[0].result.classes) if board.rows else 0
    return board.definition.scorer(board.definition.metric.primary, n_classes)


def chooses_threshold(scorer: Scorer) -> bool:
    """Whether a blend cuts probabilities where the metric is best: labels of two classes are scored."""
    return scorer.n_classes == 2 and scorer.metric.needs == "values"


def correlation(pair: Pair) -> str:
    """How the errors of two solutions correlate, for a reader."""
    if pair.identical:
        return "identical"
    return "–" if math.isnan(pair.correlation) else f"{pair.correlation:.2f}"


def blending(
    board: Leaderboard,
    prepared: "Prepared",
    solutions: "Mapping[str, Solution]",
    cache: "TrialCache",
    local: Collection[str] = (),
) -> Blending:
    """Look for the pairs that complement each other and for the best blend; nothing is fitted.

    Parameters
    ----------
    solutions : mapping
        The solutions to look at, by name.
    cache : TrialCache
        Where the predictions are.
    local : collection of str, optional
        Solutions whose result was made here, so that `podium run` would leave it as it is.
    """
    from competition.board.library import read_library  # with all that an evaluation takes

    scorer = scorer_of(board)
    evaluated = [row for row in board.ranked if row.name in solutions]
    library = read_library(prepared, [(solutions[row.name], row.result) for row in evaluated], cache)
    able = [place for place, one in enumerate(library.made.library) if can_be_blended(one, scorer)]
    names = [library.names[place] for place in able]
    empty = Blending(
        board=board,
        rows=tuple(row for row in evaluated if row.name in names),
        missing=tuple(_missing(name, board, library, local) for name in solutions if name not in names),
    )
    made = replace(library.made, library=tuple(library.made.library[place] for place in able))
    n_folds = len(np.unique(made.fold))
    if len(names) < 2:
        return replace(empty, reason=f"a blend takes two solutions, and there {_are(len(names))}")
    if n_folds < MIN_FOLDS:
        reason = (
            f"weights are chosen on some folds and scored on others, which takes {MIN_FOLDS}, and there are {n_folds}"
        )
        return replace(empty, reason=reason)
    best = blend(made.truth, made.library, made.fold, scorer)
    if best is None:
        return replace(empty, reason=f"{board.primary_title} is undefined on a fold")
    told = gain_interval(best, made, scorer, board.definition.competition.seed)
    interval, reason = (None, told) if isinstance(told, str) else (told, "")
    return replace(empty, pairs=tuple(complements(made, scorer)), best=best, interval=interval, reason=reason)


def _are(number: int) -> str:
    return "is one" if number == 1 else "is none"


def _missing(name: str, board: Leaderboard, library: "Library", local: Collection[str]) -> Missing:
    run = f"podium run {board.slug} {{}}"
    stale = dict(board.stale)
    row = next((row for row in board.rows if row.name == name), None)
    if row is None:
        return Missing(name, f"stale: {stale[name]}" if name in stale else "not evaluated yet", run)
    if row.rank is None:
        return Missing(name, f"failed: {row.failure.type}" if row.failure else "has no score")
    if name in library.missing:
        return Missing(name, "its predictions are not in the cache", f"{run} --fresh" if name in local else run)
    return Missing(name, "gives no probabilities, which a blend averages")
