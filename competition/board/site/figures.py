"""Drawings as numbers: where the marks of a figure lie, for the templates to write as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from competition.board.scale import Scale, score_ticks
from competition.results import Result

BAR_WIDTH = 150  # pixels along which a score runs
STRIP_WIDTH, STRIP_HEIGHT = 720, 150  # pixels of a score by cluster
MAX_MATRIX_CLASSES = 20
MAX_CONFUSIONS = 20
SHADES = 8  # of a colour, from none to full


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in pixels, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A score as a mark on a line of `BAR_WIDTH` pixels, and its interval.

    Parameters
    ----------
    at : float
        Where the score stands.
    low, high : float
        Where the interval starts and ends; both at the score where there is none.
    beyond : {"", "low", "high"}
        The end of the axis that the score lies beyond.
    """

    at: float
    low: float
    high: float
    beyond: str


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix: a count, its share of the row in percent, and the shade that shows it."""

    count: int
    percent: int
    shade: int


@dataclass(frozen=True)
class Strip:
    """Scores one beside the other: dots, short lines where the median solution stands, and the axis.

    Parameters
    ----------
    dots : tuple of (float, float)
        Of the solution.
    others : str
        SVG path of the median over all solutions.
    ticks : tuple of Tick
        Of the vertical axis.
    """

    dots: tuple[tuple[float, float], ...]
    others: str
    ticks: tuple[Tick, ...]


def bar(scale: Scale | None, score: float | None, low: float | None = None, high: float | None = None) -> Bar | None:
    """Place a score and the ends of its interval on a line; None where there is nothing to place."""
    if scale is None or score is None or not math.isfinite(score):
        return None
    ends = [end if end is not None and math.isfinite(end) else score for end in (low, high)]
    at, start, end = (round(BAR_WIDTH * scale.share(value), 1) for value in (score, *ends))
    beyond = "" if scale.holds(score) else "low" if score < scale.low else "high"
    return Bar(at, start, end, beyond)


def axis(scale: Scale | None, width: float = BAR_WIDTH, apart: float = 34) -> tuple[Tick, ...]:
    """Return ticks of a horizontal axis, as many as have room for their text; from the end that matters."""
    chosen: list[Tick] = []
    for value, text in reversed(score_ticks(scale) if scale else []):
        at = round(width * scale.share(value), 1) if scale else 0.0
        if not chosen or chosen[-1].at - at >= apart:
            chosen.append(Tick(at, text))
    return tuple(reversed(chosen))


def shade(share: float) -> int:
    """Return one of the shades from 0 to `SHADES` for a share from 0 to 1."""
    return round(SHADES * min(1.0, max(0.0, share)))


# --- classes ---


def matrix(result: Result) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    """Return the confusion matrix by true class; empty where there is none or it is too wide to read."""
    if not result.confusion or len(result.confusion) > MAX_MATRIX_CLASSES:
        return ()
    return tuple(
        (label, tuple(_cell(count, sum(counts)) for count in counts))
        for label, counts in zip(result.classes, result.confusion, strict=True)
    )


def confusions(result: Result) -> tuple[tuple[str, str, Cell], ...]:
    """Return the largest confusions (true class, predicted class, cell) where the matrix is too wide to read."""
    if not result.confusion or len(result.confusion) <= MAX_MATRIX_CLASSES:
        return ()
    wrong = [
        (true, called, _cell(count, sum(counts)))
        for true, counts in zip(result.classes, result.confusion, strict=True)
        for called, count in zip(result.classes, counts, strict=True)
        if called != true and count
    ]
    return tuple(sorted(wrong, key=lambda one: -one[2].count)[:MAX_CONFUSIONS])


def _cell(count: int, total: int) -> Cell:
    share = count / total if total else 0.0
    return Cell(count, round(100 * share), shade(share))


# --- clusters ---


def strip(scores: Sequence[float | None], middle: Sequence[float | None]) -> Strip | None:
    """Draw scores by cluster beside those of the median solution; None where there are fewer than two."""
    known = [value for value in (*scores, *middle) if value is not None]
    if sum(value is not None for value in scores) < 2:
        return None
    low, high = min(known), max(known)
    scale = Scale(low, high) if high > low else Scale(low - 0.5, high + 0.5)
    step = STRIP_WIDTH / len(scores)

    def place(at: int, value: float) -> tuple[float, float]:
        return round(step * (at + 0.5), 1), round(STRIP_HEIGHT * (1 - scale.share(value)), 1)

    half = min(5.0, 0.4 * step)
    marks = [place(at, value) for at, value in enumerate(middle) if value is not None]
    return Strip(
        dots=tuple(place(at, value) for at, value in enumerate(scores) if value is not None),
        others="".join(f"M{x - half:.1f} {y:.1f}h{2 * half:.1f}" for x, y in marks),
        ticks=tuple(Tick(round(STRIP_HEIGHT * (1 - scale.share(v)), 1), text) for v, text in score_ticks(scale)),
    )


# --- who is separable ---


def inseparable(order: Sequence[str], p_values: Mapping[tuple[str, str], float], level: float) -> list[tuple[int, int]]:
    """Find the longest runs of solutions in which no two differ significantly, as a critical-difference diagram shows.

    Parameters
    ----------
    order : sequence of str
        Names, best first.
    p_values : mapping
        Adjusted p-value of each pair, by its names in either order.
    level : float
        Pairs with a p-value below it differ.

    Returns
    -------
    list of (int, int)
        First and last place of each run of two or more that lies in no longer one (Demšar 2006, figure 1).
    """
    runs: list[tuple[int, int]] = []
    last = 0
    for first in range(len(order)):
        last = max(first, last)  # what lies in a run without differences has none without its first one either
        while last + 1 < len(order) and all(
            p_values.get((order[one], order[last + 1]), 0.0) >= level for one in range(first, last + 1)
        ):
            last += 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs
