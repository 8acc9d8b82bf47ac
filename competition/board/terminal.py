"""The board in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from competition.board.heldout import Section, sections
from competition.board.numbers import cost, number, p_value
from competition.board.row import Row
from competition.board.table import Leaderboard
from competition.text import clean

GAP = 2


@dataclass(frozen=True)
class _Column:
    """A column, and in which turn it goes where the console is narrow: the highest first, 0 never."""

    title: str
    cells: list[str]
    turn: int = 0
    is_name: bool = False

    @cached_property
    def width(self) -> int:
        """Cells of the terminal that it takes."""
        return max(map(cell_len, [*self.title.splitlines(), *self.cells]))

    def padded(self, cell: str, lacking: int) -> str:
        """Fill a cell up to the width: numbers stand on the right, names on the left, cut short by what is lacking."""
        if not self.is_name:
            return " " * (self.width - cell_len(cell)) + cell
        width = max(1, self.width - lacking)
        return set_cell_size(cell if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1)}…", width)


def render(board: Leaderboard, console: Console) -> RenderableType:
    """Return the board as a table that fits the console: narrow ones show the essentials, each row on one line."""
    columns = _fitting(_columns(board), console.width)
    # Only a console too narrow for the essentials cuts a name short.
    lacking = max(0, _width(columns) - console.width)
    heads = [column.title.splitlines() for column in columns]
    height = max(map(len, heads))
    above = zip(*([""] * (height - len(head)) + head for head in heads), strict=True)
    lines = [Text(_line(columns, titles, lacking), "bold") for titles in above]
    for row, cells in zip(board.rows, zip(*(column.cells for column in columns), strict=True), strict=True):
        lines.append(Text(_line(columns, cells, lacking), "" if row.rank else "red"))
    table = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
    title = Text(clean(board.definition.competition.title))
    notes = " ".join([board.basis, board.interval_note, *board.remarks, _sentence(board.key_note)])
    parts: list[RenderableType] = [title, table, Text(notes, style="dim")]
    parts += [part for section in sections(board) for part in render_section(section)]
    parts += [_failure(row, board) for row in board.failed]
    parts += [Text(f"{row.name} predicts every row as {', '.join(row.alike)}") for row in board.rows if row.alike]
    parts += [Text(f"stale, not ranked: {name}: {clean(why)}", style="yellow") for name, why in board.stale]
    return Group(*parts)


def _line(columns: list[_Column], cells: Sequence[str], lacking: int) -> str:
    """Set cells beside each other; the widths are known, and to let `rich.table` find them takes nine times as long."""
    return (" " * GAP).join(column.padded(cell, lacking) for column, cell in zip(columns, cells, strict=True))


def render_section(section: Section) -> list[RenderableType]:
    """Return what stands below the board of a sealed competition."""
    table = Table(title=Text(section.title), title_justify="left", header_style="bold", box=None, pad_edge=False)
    for title in section.head:
        table.add_column(Text(title), justify="left" if title in ("Author", "Authors", "Entry") else "right")
    for line in section.lines:
        table.add_row(*map(Text, line))
    return [table, Text(section.note, style="dim")]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _columns(board: Leaderboard) -> list[_Column]:
    rows = board.rows
    others = [
        _Column(_stacked(title), [number(row.metrics.get(name), 3) for row in rows], turn)
        for turn, (name, title) in enumerate(board.other_metrics, start=5)
    ]
    return [
        _Column("#", [str(row.rank or "–") for row in rows]),
        *([_Column("ranks", [_range(row) for row in rows], 1)] if any(row.rank_low for row in rows) else []),
        _Column("solution", [row.name for row in rows], is_name=True),
        _Column(_stacked(board.primary_title), [_score(row) for row in rows]),
        _Column("95 % interval", [_interval(row) for row in rows], 2),
        *_ttest(board),
        _Column("public", [row.public_shown(3) for row in rows], 3),
        _Column("private", [row.private_shown(3) for row in rows], 3),
        *others,
        _Column("fit s", [cost(row.fit_seconds) for row in rows], 4),
    ]


def _ttest(board: Leaderboard) -> list[_Column]:
    """The corrected resampled t-test, where it applies."""
    cells = [p_value(row.p_against_best) for row in board.rows]
    return [_Column("p against\nthe best", cells, 4)] if board.has_ttest else []


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


def _score(row: Row) -> str:
    return number(row.score) if row.score is not None else "failed" if row.failure else "undefined"


def _failure(row: Row, board: Leaderboard) -> Text:
    if row.failure is None:
        return Text(f"{row.name}: {board.primary_title} is undefined for what it returns", style="red")
    where = f" ({clean(row.failure.traceback[-1])})" if row.failure.traceback else ""
    what = f"{row.failure.type}: {clean(row.failure.message)}{where}"
    return Text(f"{row.name}: {row.failed_trials} of {len(row.result.trials)} trials failed: {what}", style="red")
