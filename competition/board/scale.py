"""Axes for scores, chosen so that the differences that matter can be seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from competition.board.row import Row
from competition.board.table import Leaderboard

CORE = 0.75  # share of the solutions, from the best one down, that a linear axis is sure to hold
NEAREST = 5e-5  # half of the last digit shown: a score of 1 stands where 0.99995 does
CROWDED = 1 / 8  # of an axis: where the better half takes up less, it is spread
LARGEST = 1e300  # what is larger is not drawn: a difference of two such values may not be finite
SMALLEST_SPAN = 1e-300  # of an axis with ticks: a part of a shorter one may be 0
WIDE = 1e6  # from here on ticks are written with an exponent
FINE = 1e-9  # as they are where they lie closer than this
SPREAD = 20.0  # how many times the best one's distance from 1 the worst one's must be for that


@dataclass(frozen=True)
class Scale:
    """An axis.

    Parameters
    ----------
    low, high : float
        The values at its ends.
    nines : bool
        Whether equal steps are equal ratios of the distance from 1, which is the best possible: 0, 0.9, 0.99, 0.999.
    margin : float
        Share of the axis that stays free at either end.
    """

    low: float
    high: float
    nines: bool = False
    margin: float = 0.0

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, from 0 to 1; values beyond an end lie at that end.

        On an axis without a length everything lies in the middle.
        """
        start, end = self._along(self.low), self._along(self.high)
        at = min(1.0, max(0.0, (self._along(value) - start) / (end - start))) if end != start else 0.5
        return self.margin + (1 - 2 * self.margin) * at

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high

    def padded(self, margin: float) -> "Scale":
        """Return the same axis with a margin."""
        return replace(self, margin=margin)

    def _along(self, value: float) -> float:
        return -math.log10(max(0.0, 1 - value) + NEAREST) if self.nines else value


def is_drawable(value: float) -> bool:
    """Whether an axis can hold a value: neither infinite, nor NaN, nor too large to take differences of."""
    return abs(value) <= LARGEST


def score_scale(values: Sequence[Sequence[float]], *, bounded: bool = False) -> Scale | None:
    """Choose the axis for scores, with their interval ends, given best first; None without any that can be drawn.

    Where the better half is crowded near the best possible score, the axis is one of nines and holds everything.
    On a linear axis the better three quarters always lie. The others, dummies among them, do too unless the axis would
    have to be more than twice as long: then the differences that matter would shrink to nothing.

    Parameters
    ----------
    bounded : bool
        Whether 1 is the best possible score.
    """
    values = [[value for value in row if is_drawable(value)] for row in values]
    everything = [value for row in values for value in row]
    if not everything:
        return None
    core = [value for row in values[: math.ceil(CORE * len(values))] for value in row] or everything
    full = Scale(min(everything), max(everything))
    if bounded and _is_crowded(full, [median(row) for row in values if row]):
        return replace(full, nines=True)
    near = Scale(min(core), max(core))
    chosen = full if full.high - full.low <= 2 * (near.high - near.low) else near
    if chosen.high > chosen.low:
        return chosen
    margin = 0.05 * abs(chosen.low) or 0.05
    return Scale(chosen.low - margin, chosen.high + margin)


def _is_crowded(full: Scale, scores: list[float]) -> bool:
    better = max(scores) - median(scores)
    worst, best = 1 - full.low, max(0.0, 1 - full.high) + NEAREST
    return full.high <= 1 and better < CROWDED * (full.high - full.low) and worst > SPREAD * best


def board_scale(board: Leaderboard) -> Scale | None:
    """Choose the axis for the scores of a board and their intervals."""
    return score_scale([ends(row) for row in board.ranked], bounded=board.definition.primary.greater_is_better)


def ends(row: Row) -> list[float]:
    """Return the score of a solution and the ends of its interval."""
    interval = [row.interval.low, row.interval.high] if row.interval else []
    return [value for value in (row.score, *interval) if value is not None and math.isfinite(value)]


def score_ticks(scale: Scale) -> list[tuple[float, str]]:
    """Round values on an axis, four to ten where it is linear, with the digits that tell them apart.

    None where its ends lie too far apart for that, or too close together.
    """
    if scale.nines:
        return _nines(scale)
    span = scale.high - scale.low
    if not (SMALLEST_SPAN <= span < math.inf):
        return []
    step = _round_step(span / 5)
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    form = _form(step, max(abs(scale.low), abs(scale.high)))
    return [(step * k, format(step * k + 0.0, form)) for k in range(first, last + 1)]


def _form(step: float, largest: float) -> str:
    """Digits that tell multiples of a step apart; with an exponent where they are many."""
    power = math.floor(math.log10(step))
    if step >= FINE and largest < WIDE:
        return f".{max(0, -power)}f"
    return f".{max(0, math.floor(math.log10(largest)) - power)}e"


def _nines(scale: Scale) -> list[tuple[float, str]]:
    """0, 0.5, 0.9, 0.99 and so on, as far as they lie on the axis and apart."""
    values = [-999.0, -99.0, -9.0, 0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0]
    ticks = [(value, f"{value:g}") for value in values if scale.holds(value)]
    apart = [tick for tick, after in pairwise(ticks) if scale.share(after[0]) - scale.share(tick[0]) > 0.06]
    return [*apart, *ticks[-1:]]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
