"""What the overview shows of two editions of a competition: a line for each solution, a mark for each of its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from competition.board.editions import EditionRow, Editions, editions_of
from competition.board.scale import score_scale
from competition.board.site.figures import Bar, Tick, axis, bar
from competition.board.site.pages import solution_pages
from competition.board.table import Leaderboard


@dataclass(frozen=True)
class EditionLine:
    """A solution on two editions.

    Parameters
    ----------
    before, after : Bar or None
        Where its scores on the original and on the edition stand on one axis.
    pages : tuple of (str, str)
        The pages that tell more of it on the original and on the edition; empty where there is none.
    """

    row: EditionRow
    difference: float | None
    before: Bar | None
    after: Bar | None
    pages: tuple[str, str]


@dataclass(frozen=True)
class EditionSection:
    """Two editions of a competition; without ticks where their scores have no common axis."""

    editions: Editions
    lines: tuple[EditionLine, ...]
    ticks: tuple[Tick, ...]


def edition_sections(boards: Sequence[Leaderboard]) -> tuple[EditionSection, ...]:
    """Return what the overview shows of each pair of editions."""
    return tuple(_section(two) for two in editions_of(boards))


def _section(two: Editions) -> EditionSection:
    known = [[score for score in (row.edition.score, row.original.score) if score is not None] for row in two.rows]
    scale = score_scale([scores for scores in known if scores]) if two.is_comparable else None
    pages = [solution_pages(board) for board in (two.original, two.edition)]
    lines = tuple(
        EditionLine(
            row=row,
            difference=two.difference(row),
            before=bar(scale, row.original.score),
            after=bar(scale, row.edition.score),
            pages=(pages[0].get(row.name, ""), pages[1].get(row.name, "")),
        )
        for row in two.rows
    )
    return EditionSection(two, lines, axis(scale))
