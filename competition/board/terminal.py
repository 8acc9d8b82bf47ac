"""The board in a terminal."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from competition.board.table import Leaderboard, Row, cost, number
from competition.text import clean

GAP = 2


@dataclass(frozen=True)
class _Column:
    """A column, and in which turn it goes where the console is narrow: the highest first, 0 never."""

    title: str
    cells: list[str]
    turn: int = 0

    @property
    def width(self) -> int:
        """Cells of the terminal that it takes."""
        return max(map(cell_len, [*self.title.splitlines(), *self.cells]))


def render(board: Leaderboard, console: Console) -> RenderableType:
    """Return the board as a table that fits the console: narrow ones show the essentials, each row on one line."""
    columns = _fitting(_columns(board), console.width)
    title = Text(clean(board.definition.competition.title))
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        left = column.title == "solution"
        # Only a console too narrow for the essentials cuts a name short.
        width = min(column.width, max(1, console.width - _width(columns) + column.width)) if left else column.width
        table.add_column(
            Text(column.title), justify="left" if left else "right", vertical="bottom", no_wrap=True, width=width
        )
    for row, cells in zip(board.rows, zip(*(column.cells for column in columns), strict=True), strict=True):
        table.add_row(*map(Text, cells), style=None if row.rank else "red")
    parts: list[RenderableType] = [table, Text(f"{board.basis} {board.interval_note}", style="dim")]
    parts += [_failure(row) for row in board.failed]
    parts += [Text(f"stale, not ranked: {name}: {clean(why)}", style="yellow") for name, why in board.stale]
    return Group(*parts)


def _columns(board: Leaderboard) -> list[_Column]:
    rows = board.rows
    others = [
        _Column(_stacked(title), [number(row.metrics.get(name), 3) for row in rows], turn)
        for turn, (name, title) in enumerate(board.other_metrics, start=5)
    ]
    return [
        _Column("#", [str(row.rank or "–") for row in rows]),
        *([_Column("ranks", [_range(row) for row in rows], 1)] if any(row.rank_low for row in rows) else []),
        _Column("solution", [row.name for row in rows]),
        _Column(_stacked(board.primary_title), ["failed" if row.score is None else number(row.score) for row in rows]),
        _Column("95 % interval", [_interval(row) for row in rows], 2),
        _Column("public", [number(row.heldout_public, 3) for row in rows], 3),
        _Column("private", [number(row.heldout_private, 3) for row in rows], 3),
        *others,
        _Column("fit s", [cost(row.fit_seconds) for row in rows], 4),
    ]


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """Drop columns turn by turn until the rest fits, or none is left to drop."""
    turn = max(column.turn for column in columns)
    if turn == 0 or _width(columns) <= width:
        return columns
    return _fitting([column for column in columns if column.turn != turn], width)


def _width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _stacked(title: str) -> str:
    """Put one word on a line: a metric's title is longer than its numbers."""
    return title.replace(" ", "\n")


def _range(row: Row) -> str:
    return (
        "–"
        if row.rank_low is None
        else str(row.rank)
        if row.rank_low == row.rank_high
        else f"{row.rank_low}–{row.rank_high}"
    )


def _interval(row: Row) -> str:
    return f"{number(row.interval.low)}–{number(row.interval.high)}" if row.interval else "–"


def _failure(row: Row) -> Text:
    assert row.failure is not None
    where = f" ({clean(row.failure.traceback[-1])})" if row.failure.traceback else ""
    what = f"{row.failure.type}: {clean(row.failure.message)}{where}"
    return Text(f"{row.name}: {row.failed_trials} of {len(row.result.trials)} trials failed: {what}", style="red")
