"""Score against time as an SVG: plain text, the same bytes for the same board, readable on light and dark pages."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from competition.board.labels import FONT_SIZE, Box, Label, Point, place_labels
from competition.board.table import Leaderboard, Row, cost, number
from competition.text import clean

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 836, 28, 364
FRAME = Box(LEFT, TOP - 8, RIGHT + 12, BOTTOM)  # what labels stand in
SHORTEST = 1e-3  # seconds; fits are measured to about a tenth of this
CORE = 0.75  # share of the solutions, from the best one down, that the score axis is sure to hold

_FONTS = 'system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif'
# A standalone file picks its colours by the reader's scheme; the class keeps the rules from the page around it.
_STYLE = f"""
.score-time{{--ink:#59636e;--line:#d1d9e0;--front:#0757ba;--paper:#fff}}
.score-time{{font:{FONT_SIZE}px {_FONTS};font-variant-numeric:tabular-nums}}
@media (prefers-color-scheme:dark){{.score-time{{--ink:#9da7b1;--line:#343b44;--front:#58a6ff;--paper:#0d1117}}}}
.score-time text{{fill:var(--ink)}}
.score-time .grid{{stroke:var(--line);fill:none}}
.score-time .interval{{stroke:var(--ink);stroke-width:1.5;opacity:.4}}
.score-time .point{{fill:var(--ink)}}
.score-time .step{{stroke:var(--front);stroke-width:1.5;fill:none;opacity:.6}}
.score-time .label{{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}}
.score-time text.front{{fill:var(--front);font-weight:600}}
.score-time .point.front{{fill:var(--front)}}
.score-time .interval.front{{stroke:var(--front)}}
"""


@dataclass(frozen=True)
class Scale:
    """A linear axis."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, from 0 to 1; values beyond an end lie at that end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high


def pareto_front(rows: list[Row], *, greater_is_better: bool) -> list[Row]:
    """Solutions that no other one beats in both score and fit time, by rising time."""
    front: list[Row] = []
    sign = 1 if greater_is_better else -1
    timed = [row for row in rows if row.score is not None and row.fit_seconds is not None]
    for row in sorted(timed, key=lambda row: (row.fit_seconds, -sign * (row.score or 0))):
        if not front or sign * (row.score or 0) > sign * (front[-1].score or 0):
            front.append(row)
    return front


def score_scale(values: list[list[float]]) -> Scale | None:
    """Choose the axis for scores, with their interval ends, given best first; None without any.

    The better three quarters always lie on it. The others, dummies among them, do too unless the axis would have to
    be more than twice as long: then the differences that matter would shrink to nothing.
    """
    everything = [value for row in values for value in row]
    if not everything:
        return None
    core = [value for row in values[: math.ceil(CORE * len(values))] for value in row]
    full = Scale(min(everything), max(everything))
    near = Scale(min(core), max(core))
    chosen = full if full.high - full.low <= 2 * (near.high - near.low) else near
    if chosen.high > chosen.low:
        return chosen
    margin = 0.05 * abs(chosen.low) or 0.05
    return Scale(chosen.low - margin, chosen.high + margin)


def board_scale(board: Leaderboard) -> Scale | None:
    """Choose the axis for the scores of a board and their intervals."""
    return score_scale([_ends(row) for row in board.ranked])


def _ends(row: Row) -> list[float]:
    ends = [row.interval.low, row.interval.high] if row.interval else []
    return [value for value in (row.score, *ends) if value is not None and math.isfinite(value)]


def score_against_time(board: Leaderboard) -> str:
    """Draw the score of each solution, with its interval, against its fit time; the best for their time stand out."""
    rows = [row for row in board.ranked if row.fit_seconds is not None and row.score is not None]
    scale = score_scale([_ends(row) for row in rows])
    title = f"{board.primary_title} against fit time"
    if scale is None:
        return "\n".join([*_opening(title, "No solution has both a score and a fit time."), "</svg>", ""])
    padding = 0.05 * (scale.high - scale.low)
    scores = Scale(scale.low - padding, scale.high + padding)
    times = _time_scale([row.fit_seconds or 0.0 for row in rows])
    front = pareto_front(rows, greater_is_better=board.definition.primary.greater_is_better)
    names = {row.name for row in front}
    points = [_point(row, scores, times, front=row.name in names) for row in rows]
    best = ", ".join(f"{clean(row.name)} ({number(row.score)}, {cost(row.fit_seconds)} s)" for row in front)
    lines = [
        *_opening(title, f"The best for their fit time, fastest first: {best}."),
        *_axes(board, scores, times),
        *_intervals(points, scores),
        _step(sorted((point for point in points if point.front), key=lambda point: point.x)),
        *(_mark(point, board) for point in points),
        *(_text(label) for label in place_labels(points, [*_lines(points, scores), *_treads(points)], FRAME)),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _opening(title: str, description: str) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="score-time" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="score-time-title score-time-about">',
        f'<title id="score-time-title">{escape(title)}</title>',
        f'<desc id="score-time-about">{escape(description)}</desc>',
        f"<style>{_STYLE}</style>",
    ]


# --- axes ---


def _time_scale(seconds: list[float]) -> Scale:
    """Return a scale of powers of ten, half a power or more beyond the fastest and the slowest fit."""
    powers = [math.log10(max(value, SHORTEST)) for value in seconds]
    return Scale(math.floor(2 * min(powers) - 0.3) / 2, math.ceil(2 * max(powers) + 0.3) / 2)


def _axes(board: Leaderboard, scores: Scale, times: Scale) -> Iterator[str]:
    for value, text in score_ticks(scores):
        y = _y(scores, value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    for power, text in time_ticks(times):
        x = _x(times, power)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text}</text>'
    better = "higher" if board.definition.primary.greater_is_better else "lower"
    yield f'<text x="{LEFT}" y="16">{escape(board.primary_title)}, {better} is better</text>'
    yield f'<text x="{RIGHT}" y="{BOTTOM + 42}" text-anchor="end">mean fit time of a fold, logarithmic</text>'


def score_ticks(scale: Scale) -> list[tuple[float, str]]:
    """Four to ten round values on a linear axis, with the digits that tell them apart."""
    step = _round_step((scale.high - scale.low) / 5)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [(step * k, f"{step * k + 0.0:.{digits}f}") for k in range(first, last + 1)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def time_ticks(scale: Scale) -> list[tuple[float, str]]:
    """Powers of ten on a time axis, with twos and fives between them where it spans less than two."""
    factors = (1, 2, 5) if scale.high - scale.low < 2 else (1,)
    powers = range(math.floor(scale.low), math.ceil(scale.high) + 1)
    ticks = [(power + math.log10(factor), _seconds(factor * 10.0**power)) for power in powers for factor in factors]
    return [(power, text) for power, text in ticks if scale.holds(power)]


def _seconds(value: float) -> str:
    return f"{value * 1000:g} ms" if value < 0.0999 else f"{value:,g} s"


def _x(times: Scale, power: float) -> float:
    return LEFT + times.share(power) * (RIGHT - LEFT)


def _y(scores: Scale, score: float) -> float:
    return BOTTOM - scores.share(score) * (BOTTOM - TOP)


# --- marks ---


def _point(row: Row, scores: Scale, times: Scale, *, front: bool) -> Point:
    score = row.score or 0.0
    x = _x(times, math.log10(max(row.fit_seconds or 0.0, SHORTEST)))
    return Point(row, x, _y(scores, score), not scores.holds(score), front)


def _intervals(points: list[Point], scores: Scale) -> Iterator[str]:
    for point in points:
        interval = point.row.interval
        if interval and math.isfinite(interval.low + interval.high):
            low, high = _y(scores, interval.low), _y(scores, interval.high)
            yield f'<path class="interval{_front(point.front)}" d="M{point.x:.1f} {low:.1f}V{high:.1f}"/>'


def _step(front: list[Point]) -> str:
    """Return the line that the best for their time make: what a given time buys."""
    start, *others = front
    line = "".join(f"H{point.x:.1f}V{point.y:.1f}" for point in others)
    return f'<path class="step" d="M{start.x:.1f} {start.y:.1f}{line}H{RIGHT}"/>'


def _mark(point: Point, board: Leaderboard) -> str:
    row = point.row
    about = f"{row.rank}. {clean(row.name)}: {board.primary_title} {number(row.score)}, fit {cost(row.fit_seconds)} s"
    x, y = point.x, point.y
    # A score beyond the axis is an arrow head at its end.
    tip = 5 if y > (TOP + BOTTOM) / 2 else -5
    arrow = f"M{x - 5:.1f} {y - tip:.1f}h10l-5 {2 * tip}z"
    disc = f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
    shape = arrow if point.beyond else disc
    return f'<path class="point{_front(point.front)}" d="{shape}"><title>{escape(about)}</title></path>'


def _front(front: bool) -> str:
    return " front" if front else ""


def _lines(points: list[Point], scores: Scale) -> list[Box]:
    """Boxes round the lines of the intervals."""
    ends = [(point.x, [_y(scores, value) for value in _ends(point.row)]) for point in points]
    return [Box(x - 1, min(ys), x + 1, max(ys)) for x, ys in ends]


def _treads(points: list[Point]) -> list[Box]:
    """Boxes round the level parts of the line along the best for their time."""
    front = sorted((point for point in points if point.front), key=lambda point: point.x)
    nexts = [point.x for point in front[1:]] + [float(RIGHT)]
    return [Box(point.x, point.y - 1, x, point.y + 1) for point, x in zip(front, nexts, strict=True)]


def _text(label: Label) -> str:
    place = f'text-anchor="{label.anchor}" x="{label.x:.1f}" y="{label.baseline:.1f}"'
    return f'<text class="label{_front(label.front)}" {place}>{escape(label.text)}</text>'
