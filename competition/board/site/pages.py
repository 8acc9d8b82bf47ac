"""What the overview, a competition's page and the page of all pairs show."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from competition.board.chart import score_against_cost
from competition.board.labels import Box, Label, Point, place_labels, rank_only
from competition.board.scale import Scale, board_scale, score_scale, score_ticks
from competition.board.site.figures import Bar, Tick, axis, bar, inseparable, shade
from competition.board.site.trials import fold_heads, fold_scores
from competition.board.table import Leaderboard, Row, number

SCATTER = 380  # pixels of the side of the square of public against private scores
LEVEL = 0.05  # of a test of two solutions


@dataclass(frozen=True)
class Contest:
    """A board, and what else its pages show.

    Parameters
    ----------
    sources : mapping
        Text of the files of solutions, by name, as they were evaluated.
    """

    board: Leaderboard
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Summary:
    """A competition on the overview."""

    board: Leaderboard
    best: tuple["Line", ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Line:
    """A solution in the table.

    Parameters
    ----------
    page : str
        File name of its page.
    family : str
        What it is first of all: its first tag.
    ranks : str
        The ranks that the evidence leaves open, empty where that is not known.
    """

    row: Row
    page: str
    family: str
    ranks: str
    bar: Bar | None


@dataclass(frozen=True)
class Folds:
    """Scores by fold: a head and, for each solution, a text and a shade from bad to good."""

    heads: tuple[str, ...]
    lines: tuple[tuple[Line, tuple[tuple[str, int | None], ...]], ...]


@dataclass(frozen=True)
class Scatter:
    """Public against private scores, in a square of `SCATTER` pixels, and how far the order moves."""

    points: tuple[Point, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Tick, ...]
    moved: str


@dataclass(frozen=True)
class Separable:
    """Who is separable: by solution the range of its rank, and the runs in which no two differ.

    Parameters
    ----------
    lines : tuple
        The solution, and where the lowest, the own and the highest rank stand from 0 to 1; None without a range.
    runs : tuple of (int, int)
        First and last place of each run.
    """

    lines: tuple[tuple[Line, tuple[float, float, float] | None], ...]
    runs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CompetitionPage:
    """Everything on the page of a competition."""

    board: Leaderboard
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    spread: bool
    tags: tuple[tuple[str, int], ...]
    families: tuple[tuple[str, int], ...]
    chart: Markup
    folds: Folds | None
    scatter: Scatter | None
    separable: Separable | None


@dataclass(frozen=True)
class PairsPage:
    """The matrix of all pairs: by solution the p-value against each other one, None against itself."""

    board: Leaderboard
    lines: tuple[tuple[Line, tuple[tuple[str, str], ...]], ...]
    level: float


def summary(board: Leaderboard, n_best: int = 5) -> Summary:
    """Return what the overview shows of a competition."""
    return Summary(board, lines(board)[: min(n_best, len(board.ranked))], axis(board_scale(board)))


def competition_page(board: Leaderboard) -> CompetitionPage:
    """Return what the page of a competition shows."""
    made = lines(board)
    scale = board_scale(board)
    return CompetitionPage(
        board=board,
        lines=made,
        ticks=axis(scale),
        spread=scale is not None and scale.nines,
        tags=_counted(tag for row in board.rows for tag in set(row.result.solution.tags)),
        families=_counted(line.family for line in made),
        # It escapes what it writes itself.
        chart=Markup(score_against_cost(board, standalone=False) if board.ranked else ""),
        folds=_folds(board, made),
        scatter=_scatter(board),
        separable=_separable(board, made),
    )


def pairs_page(board: Leaderboard) -> PairsPage | None:
    """Return what the page of all pairs shows; None where pairs were not compared."""
    p_values = _p_values(board)
    compared = [line for line in lines(board) if board.pairs and line.row.rank and line.row.name in board.pairs.names]
    if not p_values or not compared:
        return None
    rows = tuple((line, tuple(_pair(line, other, p_values) for other in compared)) for line in compared)
    return PairsPage(board, rows, LEVEL)


def _pair(line: Line, other: Line, p_values: Mapping[tuple[str, str], float]) -> tuple[str, str]:
    """Return a cell's text and class; "better" where the solution of the row is significantly better."""
    p = p_values.get((line.row.name, other.row.name))
    if p is None or line is other:
        return "", "self"
    text = "<.001" if p < 0.001 else "1" if p > 0.995 else f"{p:.{3 if p < 0.1 else 2}f}"[1:]
    if p >= LEVEL:
        return text, ""
    return text, "better" if (line.row.rank or 0) < (other.row.rank or 0) else "worse"


def lines(board: Leaderboard) -> tuple[Line, ...]:
    """Return the solutions with a page each, in the order of the board."""
    scale = board_scale(board)
    names = file_names([row.name for row in board.rows])
    return tuple(_line(row, page, scale) for row, page in zip(board.rows, names, strict=True))


def _line(row: Row, page: str, scale: Scale | None) -> Line:
    known = row.rank_low is not None and row.rank_high is not None
    ranks = "" if not known else f"{row.rank_low}–{row.rank_high}" if row.rank_low != row.rank_high else "settled"
    tags = row.result.solution.tags
    ends = (row.interval.low, row.interval.high) if row.interval else (None, None)
    return Line(row, page, tags[0] if tags else "", ranks, bar(scale, row.score, *ends))


def file_names(names: Sequence[str]) -> list[str]:
    """Name the page of each solution; no two differ in case alone."""
    taken: dict[str, int] = {}
    chosen = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:100]
        taken[plain.lower()] = taken.get(plain.lower(), 0) + 1
        again = taken[plain.lower()]
        chosen.append(f"{plain}.html" if again == 1 else f"{plain}-.{again}.html")
    return chosen


def _counted(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return each word and how often it occurs, in the order of the alphabet."""
    found = [word for word in words if word]
    return tuple((word, found.count(word)) for word in sorted(set(found)))


# --- folds ---


def _folds(board: Leaderboard, made: Sequence[Line]) -> Folds | None:
    scores = {line.page: fold_scores(line.row.result, board.definition) for line in made}
    up = board.definition.primary.greater_is_better
    found = [known for values in scores.values() if (known := [v for v in values if v is not None])]
    scale = score_scale(found, bounded=up)
    if scale is None:
        return None

    def cell(value: float | None) -> tuple[str, int | None]:
        if value is None:
            return "–", None
        return number(value), shade(scale.share(value) if up else 1 - scale.share(value))

    table = tuple((line, tuple(map(cell, scores[line.page]))) for line in made if line.row.rank is not None)
    return Folds(fold_heads(board.definition), table) if table else None


# --- public against private ---


def _scatter(board: Leaderboard) -> Scatter | None:
    rows = [row for row in board.ranked if row.heldout_public is not None and row.heldout_private is not None]
    better = board.definition.primary.greater_is_better
    both = [[row.heldout_public or 0.0, row.heldout_private or 0.0] for row in rows]
    scale = score_scale(both, bounded=better)
    if scale is None or len(rows) < 2:
        return None
    room = scale.padded(0.04)
    points = [_scatter_point(row, room) for row in rows]
    frame = Box(2, 2, SCATTER - 2, SCATTER - 2)
    return Scatter(
        points=tuple(points),
        labels=tuple(place_labels(points, [], frame, rank_only)),
        ticks=tuple(Tick(round(SCATTER * room.share(value), 1), text) for value, text in score_ticks(scale)),
        moved=_moved(rows, better),
    )


def _scatter_point(row: Row, scale: Scale) -> Point:
    public, private = row.heldout_public or 0.0, row.heldout_private or 0.0
    beyond = not (scale.holds(public) and scale.holds(private))
    x, y = (round(SCATTER * scale.share(value), 1) for value in (public, private))
    return Point(row, x, SCATTER - y, beyond, row.rank == 1)


def _moved(rows: Sequence[Row], greater_is_better: bool) -> str:
    sign = -1.0 if greater_is_better else 1.0
    public = _places([sign * (row.heldout_public or 0.0) for row in rows])
    private = _places([sign * (row.heldout_private or 0.0) for row in rows])
    moves = [abs(one - other) for one, other in zip(public, private, strict=True)]
    if not any(moves):
        return "Both halves put the solutions in the same order."
    return (
        f"From the order of the public half to that of the private half a solution moves {fmean(moves):.1f} places "
        f"on average, {max(moves)} at most."
    )


def _places(losses: Sequence[float]) -> list[int]:
    """Place of each from 1, equal ones alike."""
    rising = sorted(losses)
    return [1 + rising.index(loss) for loss in losses]


# --- who is separable ---


def _separable(board: Leaderboard, made: Sequence[Line]) -> Separable | None:
    ranked = [line for line in made if line.row.rank is not None]
    p_values = _p_values(board)
    if not p_values and not any(line.ranks for line in ranked):
        return None
    last = max(1, len(ranked) - 1)

    def place(row: Row) -> tuple[float, float, float] | None:
        if row.rank_low is None or row.rank_high is None or row.rank is None:
            return None
        return (row.rank_low - 1) / last, (row.rank - 1) / last, (row.rank_high - 1) / last

    runs = inseparable([line.row.name for line in ranked], p_values, LEVEL) if p_values else []
    return Separable(tuple((line, place(line.row)) for line in ranked), tuple(runs))


def _p_values(board: Leaderboard) -> dict[tuple[str, str], float]:
    if board.pairs is None:
        return {}
    return {
        (name, other): p
        for name, values in zip(board.pairs.names, board.pairs.p_values, strict=True)
        for other, p in zip(board.pairs.names, values, strict=True)
    }
