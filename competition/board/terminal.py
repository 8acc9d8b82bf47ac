"""The board in a terminal."""

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from competition.board.table import Leaderboard, Row, clean, cost, number

WIDE = 110


def render(board: Leaderboard, console: Console) -> RenderableType:
    """Return the board as a table that fits the console: narrow ones show the essentials."""
    wide = console.width >= WIDE
    about = board.definition.competition
    table = Table(title=Text(clean(about.title)), title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("solution", overflow="fold")
    table.add_column(board.primary_title, justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("public", justify="right")
    table.add_column("private", justify="right")
    for _, title in board.other_metrics if wide else []:
        table.add_column(title, justify="right")
    table.add_column("fit s", justify="right")
    for row in board.rows:
        table.add_row(*_cells(row, board, wide=wide), style=None if row.rank else "red")
    parts: list[RenderableType] = [table, Text(f"{board.basis} {board.interval_note}", style="dim")]
    parts += [_failure(row) for row in board.failed]
    parts += [Text(f"stale, not ranked: {name}: {clean(why)}", style="yellow") for name, why in board.stale]
    return Group(*parts)


def _cells(row: Row, board: Leaderboard, *, wide: bool) -> list[str]:
    interval = f"{number(row.interval.low)}–{number(row.interval.high)}" if row.interval else "–"
    others = [number(row.metrics.get(name), 3) for name, _ in board.other_metrics] if wide else []
    score = number(row.score) if row.score is not None else "failed"
    heldout = [number(row.heldout_public, 3), number(row.heldout_private, 3)]
    return [str(row.rank or "–"), escape(row.name), score, interval, *heldout, *others, cost(row.fit_seconds)]


def _failure(row: Row) -> Text:
    assert row.failure is not None
    where = f" ({clean(row.failure.traceback[-1])})" if row.failure.traceback else ""
    what = f"{row.failure.type}: {clean(row.failure.message)}{where}"
    return Text(f"{row.name}: {row.failed_trials} of {len(row.result.trials)} trials failed: {what}", style="red")
