"""The overall board in a terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from competition.board.overall import OverallBoard
from competition.board.overall_diagram import diagram_note


def render(board: OverallBoard) -> RenderableType:
    """Return the board as a table, and what it says."""
    if not board.rows:
        return Text(board.basis, style="yellow")
    table = Table(title=Text("Overall"), title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("solution", vertical="bottom", no_wrap=True)
    for title in (
        "mean\nrank",
        "win\nrate",
        "compe-\ntitions",
        *(one.slug.replace("-", "-\n") for one in board.boards),
    ):
        table.add_column(title, justify="right", vertical="bottom")
    for row, label in zip(board.rows, board.labels, strict=True):
        places = [place.text for place in row.places]
        table.add_row(label, f"{row.mean_rank:.1f}", f"{row.win_rate:.0%}", str(row.n_competitions), *places)
    note = diagram_note(board) or f"{board.difference_note} `podium site` draws the diagram."
    return Group(table, Text(f"{board.basis} {note}", style="dim"))


def to_content(board: OverallBoard) -> dict[str, Any]:
    """Everything that the board shows, for a program."""
    difference = board.difference
    return {
        "competitions": [one.slug for one in board.boards],
        "solutions_in_one_competition": board.n_alone,
        "rows": [
            {
                "solution": row.name,
                "origin": row.origin,
                "title": row.title,
                "mean_rank": round(row.mean_rank, 6),
                "win_rate": round(row.win_rate, 6),
                "competitions": row.n_competitions,
                "places": {
                    one.slug: {"state": place.state, "rank": place.rank}
                    for one, place in zip(board.boards, row.places, strict=True)
                },
            }
            for row in board.rows
        ],
        "friedman_p": difference and difference.friedman_p,
        "groups": [[board.labels[place] for place in group] for group in difference.groups] if difference else None,
    }
