"""Editions of a competition: what the solutions that stand on both boards score on the original and on the edition."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from competition.board.numbers import number
from competition.board.overall import State, key_of, state_of
from competition.board.row import Row
from competition.board.table import Leaderboard


@dataclass(frozen=True)
class Side:
    """A solution on one of the two boards; its row there, None where it is stale."""

    state: State
    row: Row | None

    @property
    def score(self) -> float | None:
        """The score that ranks there."""
        return self.row.score if self.row else None

    @property
    def shown(self) -> str:
        """The score for a reader, or why there is none."""
        return self.state if self.score is None else number(self.score)

    @property
    def rank(self) -> int | None:
        """Rank among all of that board."""
        return self.row.rank if self.row else None

    @property
    def range(self) -> str:
        """The ranks that the evidence leaves open; empty where they are settled or not known."""
        if self.row is None or self.row.rank_low == self.row.rank_high:
            return ""
        return f"{self.row.rank_low}–{self.row.rank_high}"

    @property
    def ranks(self) -> str:
        """Rank among all of that board, and the ranks that the evidence leaves open."""
        return self.row.ranks if self.row else "–"


@dataclass(frozen=True)
class EditionRow:
    """A solution on both boards."""

    name: str
    origin: str
    title: str
    original: Side
    edition: Side


@dataclass(frozen=True)
class Editions:
    """A competition and another edition of it.

    Parameters
    ----------
    rows : tuple of EditionRow
        The solutions that stand on both boards, by their score on the edition, the best first.
    n_alone : tuple of (int, int)
        Solutions that stand on the original alone, and on the edition alone.
    """

    original: Leaderboard
    edition: Leaderboard
    rows: tuple[EditionRow, ...]
    n_alone: tuple[int, int]

    @property
    def is_comparable(self) -> bool:
        """Whether both rank by the same metric, so that scores have a difference."""
        one, other = self.original.definition, self.edition.definition
        params = [rules.metric.params.get(rules.metric.primary, {}) for rules in (one, other)]
        return (one.task, one.metric.primary, params[0]) == (other.task, other.metric.primary, params[1])

    def difference(self, row: EditionRow) -> float | None:
        """Score on the edition less that on the original; None where there are no two that compare."""
        if not self.is_comparable or row.original.score is None or row.edition.score is None:
            return None
        return row.edition.score - row.original.score

    @property
    def on_both(self) -> list[EditionRow]:
        """The solutions that have a score on both."""
        return [row for row in self.rows if row.original.score is not None and row.edition.score is not None]

    @property
    def summary(self) -> str:
        """What becomes of the median solution and of the best one of the original."""
        sides = zip(*((row.original, row.edition) for row in self.on_both), strict=True)
        middle = [median(side.score or 0.0 for side in board) for board in sides]
        best = min(self.on_both, key=lambda row: (row.original.rank or 0, row.edition.rank or 0))
        return (
            f"{_counted(len(self.rows))} on both boards. The median score is {number(middle[0])} on the original and "
            f"{number(middle[1])} on the edition; the best of them on the original, “{best.title}”, ranks "
            f"{best.edition.rank} of {len(self.edition.ranked)} on the edition."
        )

    @property
    def note(self) -> str:
        """How to read the table."""
        told = "Ranks are among all of each board, with the ranks that the evidence leaves open."
        if not self.is_comparable:
            told += " The two rank by different metrics, so that their scores have no difference."
        places = [
            f"{n} on the {name} alone" for n, name in zip(self.n_alone, ("original", "edition"), strict=True) if n
        ]
        return told + (f" Not listed: {' and '.join(places)}." if places else "")


def editions_of(boards: Sequence[Leaderboard]) -> tuple[Editions, ...]:
    """Pair each edition that has ranked solutions with its original, where they share solutions."""
    by_slug = {board.slug: board for board in boards if board.ranked}
    pairs = [
        _pair(by_slug[original], board)
        for board in by_slug.values()
        if (original := board.definition.competition.edition_of) in by_slug and original is not None
    ]
    return tuple(pair for pair in pairs if pair.on_both)


def _pair(original: Leaderboard, edition: Leaderboard) -> Editions:
    boards = original, edition
    rows = [{key_of(row): row for row in board.rows} for board in boards]
    made = []
    alone = [0, 0]
    for key in sorted(rows[0].keys() | rows[1].keys()):
        sides = [Side(state_of(key, of, board), of.get(key)) for of, board in zip(rows, boards, strict=True)]
        if any(side.state == "absent" for side in sides):
            alone[key in rows[1]] += 1
            continue
        title = next(side.row.title for side in reversed(sides) if side.row)
        made.append(EditionRow(key[1], key[0], title, *sides))
    # Whoever has no score on the edition comes last, in the order of the original.
    made.sort(key=lambda row: (_loss(row.edition, edition), _loss(row.original, original)))
    return Editions(original, edition, tuple(made), (alone[0], alone[1]))


def _loss(side: Side, board: Leaderboard) -> float:
    if side.score is None:
        return inf
    return -side.score if board.definition.primary.greater_is_better else side.score


def _counted(n: int) -> str:
    return "1 solution stands" if n == 1 else f"{n} solutions stand"
