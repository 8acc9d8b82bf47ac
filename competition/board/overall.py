"""Several competitions on one board: the solutions that take part in more than one, by their mean rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from competition.board.row import Row
from competition.board.table import Leaderboard
from competition.ranking.overall import (
    LEVEL,
    MIN_COMPETITIONS,
    MIN_SOLUTIONS,
    CriticalDifference,
    critical_difference,
    overall,
)

State = Literal["ranked", "failed", "stale", "absent"]
Key = tuple[str, str]  # the folder that a solution's file lies in, and its name


@dataclass(frozen=True)
class Place:
    """A solution in one competition.

    Parameters
    ----------
    rank : float
        Among the solutions of the overall board; equal ones, and all that have no score, share the mean of their ranks.
    """

    state: State
    rank: float

    @property
    def text(self) -> str:
        """The rank for a reader, or why there is none of its own."""
        return rank_text(self.rank) if self.state == "ranked" else "–" if self.state == "absent" else self.state


@dataclass(frozen=True)
class OverallRow:
    """A solution over all competitions.

    Parameters
    ----------
    places : tuple of Place
        In the order of the competitions.
    """

    name: str
    origin: str
    title: str
    mean_rank: float
    win_rate: float
    places: tuple[Place, ...]

    @property
    def n_competitions(self) -> int:
        """Competitions in which it has a rank."""
        return sum(place.state == "ranked" for place in self.places)


@dataclass(frozen=True)
class OverallBoard:
    """Solutions over several competitions.

    Parameters
    ----------
    boards : tuple of Leaderboard
        The competitions that have results.
    rows : tuple of OverallRow
        By mean rank; none where no two competitions share solutions.
    n_alone : int
        Solutions that take part in one competition only.
    difference : CriticalDifference or None
        Who is told apart from whom, in the order of `rows`; None with too few competitions or solutions.
    """

    boards: tuple[Leaderboard, ...]
    rows: tuple[OverallRow, ...]
    n_alone: int
    difference: CriticalDifference | None

    @property
    def labels(self) -> list[str]:
        """What each solution is called: its name, with its folder where two have the same."""
        names = [row.name for row in self.rows]
        return [row.name if names.count(row.name) == 1 else f"{row.origin}/{row.name}" for row in self.rows]

    @property
    def basis(self) -> str:
        """How the order came about."""
        if not self.rows:
            return "No overall board: no two competitions with results share two solutions."
        told = (
            f"Mean rank over {len(self.boards)} competitions among the solutions that take part in two or more. Win "
            "rate: share of the comparisons with another solution in a competition that a solution wins, a tie is half "
            "a win. Missing, failed and stale results rank last."
        )
        return told + (f" Solutions in one competition only, not listed: {self.n_alone}." if self.n_alone else "")

    @property
    def difference_note(self) -> str:
        """What is known of who is better, or why nothing is."""
        if not self.rows:
            return ""
        if self.difference is None:
            return (
                f"No critical-difference diagram: it takes {MIN_COMPETITIONS} competitions and {MIN_SOLUTIONS} "
                f"solutions, and there are {len(self.boards)} and {len(self.rows)}."
            )
        told = (
            f"All solutions alike (Friedman): p {_p(self.difference.friedman_p)}. A bar joins solutions of which no "
            "two are told apart at the 5 % level (Wilcoxon's signed ranks of the competitions, adjusted by Holm)."
        )
        # The smallest p-value that so many signed ranks can have, times the number of pairs.
        least = 2.0 ** (1 - len(self.boards)) * len(self.rows) * (len(self.rows) - 1) / 2
        return told + (" So few competitions cannot tell any two of so many apart." if least > 1 - LEVEL else "")


def rank_text(rank: float) -> str:
    """A rank that may be the mean of several."""
    return f"{rank:.1f}".removesuffix(".0")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def overall_board(boards: Sequence[Leaderboard]) -> OverallBoard:
    """Bring boards together.

    A solution is the file that it is made from, so a borrowed one is the same in each competition.
    """
    with_ranks = tuple(board for board in boards if board.ranked)
    rows = [{key_of(row): row for row in board.rows} for board in with_ranks]
    everyone = sorted({key for of_board in rows for key in of_board})
    shared = [key for key in everyone if sum(key in of_board for of_board in rows) > 1]
    if len(with_ranks) < 2 or len(shared) < 2:
        return OverallBoard(with_ranks, (), len(everyone), None)
    scores = np.array([[_score(of_board.get(key)) for key in shared] for of_board in rows])
    found = overall(scores, [board.definition.primary.greater_is_better for board in with_ranks])
    order = sorted(range(len(shared)), key=lambda place: (found.mean_ranks[place], shared[place][1]))
    return OverallBoard(
        boards=with_ranks,
        rows=tuple(
            OverallRow(
                name=shared[place][1],
                origin=shared[place][0],
                title=next(of_board[shared[place]].title for of_board in rows if shared[place] in of_board),
                mean_rank=float(found.mean_ranks[place]),
                win_rate=float(found.win_rates[place]),
                places=tuple(
                    Place(state_of(shared[place], of_board, board), float(rank))
                    for of_board, board, rank in zip(rows, with_ranks, found.ranks[:, place], strict=True)
                ),
            )
            for place in order
        ),
        n_alone=len(everyone) - len(shared),
        difference=critical_difference(found.ranks[:, order]),
    )


def key_of(row: Row) -> Key:
    """Tell which file a solution is made from."""
    return row.result.solution.origin, row.name


def _score(row: Row | None) -> float:
    return np.nan if row is None or row.score is None else row.score


def state_of(key: Key, rows: dict[Key, Row], board: Leaderboard) -> State:
    """Tell what a solution is on a board, whose rows are given by the file that they are made from."""
    if key in rows:
        return "failed" if rows[key].rank is None else "ranked"
    return "stale" if key[1] in dict(board.stale) else "absent"
