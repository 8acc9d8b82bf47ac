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
        """Return how far along the axis a value lies, from 0 to 1; values beyond an end lie at that end."""
        start, end = self._along(self.low), self._along(self.high)
        at = min(1.0, max(0.0, (self._along(value) - start) / (end - start)))
        return self.margin + (1 - 2 * self.margin) * at

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high

    def padded(self, margin: float) -> "Scale":
        """Return the same axis with a margin."""
        return replace(self, margin=margin)

    def _along(self, value: float) -> float:
        return -math.log10(max(0.0, 1 - value) + NEAREST) if self.nines else value


def score_scale(values: Sequence[Sequence[float]], *, bounded: bool = False) -> Scale | None:
    """Choose the axis for scores, with their interval ends, given best first; None without any.

    Where the better half is crowded near the best possible score, the axis is one of nines and holds everything.
    On a linear axis the better three quarters always lie. The others, dummies among them, do too unless the axis would
    have to be more than twice as long: then the differences that matter would shrink to nothing.

    Parameters
    ----------
    bounded : bool
        Whether 1 is the best possible score.
    """
    everything = [value for row in values for value in row]
    if not everything:
        return None
    core = [value for row in values[: math.ceil(CORE * len(values))] for value in row]
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
    """Round values on an axis, four to ten where it is linear, with the digits that tell them apart."""
    if scale.nines:
        return _nines(scale)
    step = _round_step((scale.high - scale.low) / 5)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [(step * k, f"{step * k + 0.0:.{digits}f}") for k in range(first, last + 1)]


def _nines(scale: Scale) -> list[tuple[float, str]]:
    """0, 0.5, 0.9, 0.99 and so on, as far as they lie on the axis and apart."""
    values = [-999.0, -99.0, -9.0, 0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0]
    ticks = [(value, f"{value:g}") for value in values if scale.holds(value)]
    apart = [tick for tick, after in pairwise(ticks) if scale.share(after[0]) - scale.share(tick[0]) > 0.06]
    return [*apart, *ticks[-1:]]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
