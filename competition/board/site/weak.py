"""Where a solution does badly: its slices by rising score, beside those of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from competition.board.numbers import number
from competition.board.scale import Scale, score_scale
from competition.board.site.figures import Bar, bar
from competition.board.slices import Slice, Sliced, Slices
from competition.board.table import Leaderboard
from competition.ranking.order import Interval

SHOWN = 6  # slices of a column before the rest is folded away


@dataclass(frozen=True)
class SliceLine:
    """A slice as a solution sees it.

    Parameters
    ----------
    middle : float or None
        Score of the median solution.
    """

    name: str
    rows: int
    positives: int | None
    score: float | None
    interval: Interval | None
    bar: Bar | None
    middle: float | None


@dataclass(frozen=True)
class Weak:
    """The slices by a column, the worst first.

    Parameters
    ----------
    summary : str
        The worst one in a sentence, and what the median solution makes of it.
    """

    title: str
    summary: str
    worst: tuple[SliceLine, ...]
    others: tuple[SliceLine, ...]
    n_all: int

    @property
    def has_intervals(self) -> bool:
        """Whether any slice has an interval."""
        return any(line.interval for line in (*self.worst, *self.others))

    @property
    def has_positives(self) -> bool:
        """Whether rows of the positive class are counted."""
        return any(line.positives is not None for line in (*self.worst, *self.others))


def weak_slices(board: Leaderboard, name: str, slices: Slices) -> tuple[Weak, ...]:
    """Return the slices of a solution, one group a column; none where its predictions are not here."""
    if name in slices.missing:
        return ()
    return tuple(_weak(board, name, sliced) for sliced in slices.by)


def _weak(board: Leaderboard, name: str, sliced: Sliced) -> Weak:
    up = board.definition.primary.greater_is_better
    # One axis for all solutions, so that pages compare.
    known = [[score for score in one.scores.values() if score is not None] for one in sliced.slices]
    scale = score_scale([scores for scores in known if scores], bounded=up)
    lines = [_line(one, name, scale) for one in sliced.slices]
    scored = sorted(
        (line for line in lines if line.score is not None), key=lambda line: (line.score or 0.0) * (1 if up else -1)
    )
    in_order = (*scored, *(line for line in lines if line.score is None))
    return Weak(
        title=sliced.title,
        summary=_summary(sliced.title, scored, board),
        worst=in_order[:SHOWN],
        others=in_order[SHOWN:],
        n_all=sliced.n_all,
    )


def _line(one: Slice, name: str, scale: Scale | None) -> SliceLine:
    score, interval = one.scores.get(name), one.intervals.get(name)
    ends = (interval.low, interval.high) if interval else (None, None)
    return SliceLine(one.name, one.rows, one.positives, score, interval, bar(scale, score, *ends), one.middle)


def _summary(title: str, scored: Sequence[SliceLine], board: Leaderboard) -> str:
    if len(scored) < 2:
        return ""
    worst, best = scored[0], scored[-1]
    if worst.score == best.score:
        return f"{board.primary_title} is {number(worst.score)} on each."
    beside = f" (median solution: {number(worst.middle)})" if worst.middle is not None else ""
    return (
        f"Worst where {title} is {worst.name}: {board.primary_title} {number(worst.score)}{beside}; "
        f"best where it is {best.name}: {number(best.score)}."
    )
