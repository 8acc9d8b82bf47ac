"""What the overview shows of all competitions together."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from competition.board.overall import OverallBoard, OverallRow, Place, overall_board
from competition.board.overall_diagram import diagram, diagram_note
from competition.board.site.pages import solution_pages
from competition.board.table import Leaderboard


@dataclass(frozen=True)
class OverallSection:
    """The overall board.

    Parameters
    ----------
    lines : tuple
        Each solution with its place in each competition, and the page that tells more of it there, empty where there
        is none.
    picture : str
        The critical-difference diagram as a data URL; empty where it is not drawn.
    note : str
        What the diagram shows, or why it is not drawn.
    """

    board: OverallBoard
    lines: tuple[tuple[OverallRow, tuple[tuple[Place, str], ...]], ...]
    picture: str
    note: str


def overall_section(boards: Sequence[Leaderboard]) -> OverallSection | None:
    """Return what the overview shows; None for a single competition."""
    if len(boards) < 2:
        return None
    board = overall_board(boards)
    pages = [solution_pages(one) for one in board.boards]
    drawn = diagram(board)
    return OverallSection(
        board=board,
        lines=tuple(
            (row, tuple((place, of_board.get(row.name, "")) for place, of_board in zip(row.places, pages, strict=True)))
            for row in board.rows
        ),
        picture=f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}" if drawn else "",
        note=diagram_note(board) or board.difference_note,
    )
