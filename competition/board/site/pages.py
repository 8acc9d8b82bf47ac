"""What the overview, a competition's page and the page of all pairs show."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from competition.board.blends import Blending
from competition.board.chart import score_against_cost
from competition.board.numbers import number
from competition.board.row import Row
from competition.board.scale import Scale, board_scale, score_scale
from competition.board.site.audit import AuditPage, Verdict
from competition.board.site.figures import Bar, Tick, axis, bar, inseparable, shade
from competition.board.site.halves import Scatter, scatter
from competition.board.site.trials import fold_heads, fold_scores
from competition.board.slices import NO_SLICES, Slices
from competition.board.table import Leaderboard

LEVEL = 0.05  # of a test of two solutions


@dataclass(frozen=True)
class Contest:
    """A board, and what else its pages show.

    Parameters
    ----------
    sources : mapping
        Text of the files of solutions, by name, as they were evaluated.
    blending : Blending or None
        Which of them complement each other, where their predictions are here.
    slices : Slices
        Scores by slice, as far as single predictions are at hand.
    audit : AuditPage or None
        What gives labels away, where that is recorded.
    """

    board: Leaderboard
    sources: Mapping[str, str]
    blending: Blending | None = None
    slices: Slices = NO_SLICES
    audit: AuditPage | None = None


@dataclass(frozen=True)
class Summary:
    """A competition on the overview."""

    board: Leaderboard
    best: tuple["Line", ...]
    ticks: tuple[Tick, ...]
    audit: Verdict | None


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
class Separable:
    """Who is separable: by solution the range of its rank, and the runs in which no two differ.

    Parameters
    ----------
    lines : tuple
        The solution, and where the lowest, the own and the highest rank stand from 0 to 1; None without a range.
    runs : tuple of (int, int)
        First and last place of each run.
    ticks : tuple of int
        Ranks that the axis names.
    """

    lines: tuple[tuple[Line, tuple[float, float, float] | None], ...]
    runs: tuple[tuple[int, int], ...]
    ticks: tuple[int, ...]


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


def summary(contest: Contest, n_best: int = 5) -> Summary:
    """Return what the overview shows of a competition."""
    board = contest.board
    best = lines(board)[: min(n_best, len(board.ranked))]
    return Summary(board, best, axis(board_scale(board)), contest.audit.verdict if contest.audit else None)


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
        scatter=scatter(board),
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


def solution_pages(board: Leaderboard) -> dict[str, str]:
    """Path of the page of each solution from the folder of the site, by name."""
    names = [row.name for row in board.rows]
    return {name: f"{board.slug}/solutions/{page}" for name, page in zip(names, file_names(names), strict=True)}


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
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1_000) if len(ranked) <= 12 * step)
    ticks = (1, *range(max(2, step), len(ranked) + 1, step)) if any(line.ranks for line in ranked) else ()
    return Separable(tuple((line, place(line.row)) for line in ranked), tuple(runs), ticks)


def _p_values(board: Leaderboard) -> dict[tuple[str, str], float]:
    if board.pairs is None:
        return {}
    return {
        (name, other): p
        for name, values in zip(board.pairs.names, board.pairs.p_values, strict=True)
        for other, p in zip(board.pairs.names, values, strict=True)
    }
