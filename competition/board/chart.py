"""Score against cost as an SVG: plain text, the same bytes for the same board, readable on light and dark pages."""

import math
from collections.abc import Iterator
from html import escape

from competition.board.labels import FONT_SIZE, Box, Label, Point, place_labels
from competition.board.numbers import cost, number
from competition.board.row import Row
from competition.board.scale import Scale, ends, score_scale, score_ticks
from competition.board.table import Leaderboard
from competition.text import clean

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 836, 28, 364
FRAME = Box(LEFT, TOP - 8, RIGHT + 12, BOTTOM)  # what labels stand in
SMALLEST = 1e-3  # cost; fits are measured to about a tenth of a millisecond
MARGIN = 0.05

# The colours come from the page around the chart, or from those of a file of its own.
RULES = f"""
.score-cost{{font-size:{FONT_SIZE}px;font-variant-numeric:tabular-nums}}
.score-cost text{{fill:var(--soft)}}
.score-cost .grid{{stroke:var(--line);fill:none}}
.score-cost .interval{{stroke:var(--soft);stroke-width:1.5;opacity:.4}}
.score-cost .point{{fill:var(--soft)}}
.score-cost .step{{stroke:var(--accent);stroke-width:1.5;fill:none;opacity:.6}}
.score-cost .label{{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}}
.score-cost text.front{{fill:var(--accent);font-weight:600}}
.score-cost .point.front{{fill:var(--accent)}}
.score-cost .interval.front{{stroke:var(--accent)}}
"""
_STANDALONE = f"""
.score-cost{{--soft:#59636e;--line:#d1d9e0;--accent:#0757ba;--page:#fff}}
.score-cost{{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}}
@media (prefers-color-scheme:dark){{.score-cost{{--soft:#9da7b1;--line:#343b44;--accent:#58a6ff;--page:#0d1117}}}}
{RULES.strip()}
"""


def score_against_cost(board: Leaderboard, *, standalone: bool = True) -> str:
    """Draw the score of each solution, with its interval, against what its fit costs; the front stands out.

    Parameters
    ----------
    standalone : bool
        Whether the picture brings its style, as a file does; a page around it has `RULES` and the colours.
    """
    costs = {row.name: value for row, value in zip(board.rows, board.spent.values, strict=True) if value is not None}
    rows = [row for row in board.ranked if row.name in costs]
    scale = score_scale([ends(row) for row in rows], bounded=board.definition.primary.greater_is_better)
    title = f"{board.primary_title} against {_WORDS[board.spent.unit][0]}"
    style = [f"<style>{_STANDALONE}</style>"] if standalone else []
    if scale is None:
        return "\n".join([*_opening(title, "No solution has both a score and a fit time."), *style, "</svg>", ""])
    scores = scale.padded(MARGIN)
    axis = _cost_scale([costs[row.name] for row in rows])
    points = [_point(row, scores, axis, costs[row.name]) for row in rows]
    front = sorted((point for point in points if point.front), key=lambda point: point.x)
    best = ", ".join(f"{clean(p.row.name)} ({number(p.row.score)}, {_told(board, costs[p.row.name])})" for p in front)
    lines = [
        *_opening(title, f"The best for their cost, cheapest first: {best}."),
        *style,
        *_axes(board, scores, axis),
        *_intervals(points, scores),
        *([_step(front)] if front else []),
        *(_mark(point, board, costs[point.row.name]) for point in points),
        *(_text(label) for label in place_labels(points, [*_lines(points, scores), *_treads(front)], FRAME)),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


# What a unit is called in a title, on the axis, and behind a number.
_WORDS = {
    "s": ("fit time", "mean fit time of a fold, logarithmic", "s"),
    "reference jobs": ("fit cost", "mean fit cost of a fold, in reference jobs, logarithmic", "reference jobs"),
}


def _told(board: Leaderboard, value: float) -> str:
    return f"{cost(value)} {_WORDS[board.spent.unit][2]}"


def _opening(title: str, description: str) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="score-cost" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="score-cost-title score-cost-about">',
        f'<title id="score-cost-title">{escape(title)}</title>',
        f'<desc id="score-cost-about">{escape(description)}</desc>',
    ]


# --- axes ---


def _cost_scale(costs: list[float]) -> Scale:
    """Return a scale of powers of ten, half a power or more beyond the cheapest and the dearest fit."""
    powers = [math.log10(max(value, SMALLEST)) for value in costs]
    return Scale(math.floor(2 * min(powers) - 0.3) / 2, math.ceil(2 * max(powers) + 0.3) / 2)


def _axes(board: Leaderboard, scores: Scale, costs: Scale) -> Iterator[str]:
    for value, text in score_ticks(scores):
        y = _y(scores, value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    for power, text in cost_ticks(costs, board.spent.unit):
        x = _x(costs, power)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text}</text>'
    better = "higher" if board.definition.primary.greater_is_better else "lower"
    spread = ", logarithmic towards 1" if scores.nines else ""
    yield f'<text x="{LEFT}" y="16">{escape(board.primary_title)}, {better} is better{spread}</text>'
    yield f'<text x="{RIGHT}" y="{BOTTOM + 42}" text-anchor="end">{_WORDS[board.spent.unit][1]}</text>'


def cost_ticks(scale: Scale, unit: str) -> list[tuple[float, str]]:
    """Powers of ten on an axis of costs, with twos and fives between them where it spans less than two."""
    factors = (1, 2, 5) if scale.high - scale.low < 2 else (1,)
    powers = range(math.floor(scale.low), math.ceil(scale.high) + 1)
    ticks = [(power + math.log10(factor), factor * 10.0**power) for power in powers for factor in factors]
    return [(at, _amount(value, unit)) for at, value in ticks if scale.holds(at)]


def _amount(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:,g}"
    return f"{value * 1000:g} ms" if value < 0.0999 else f"{value:,g} s"


def _x(costs: Scale, power: float) -> float:
    return LEFT + costs.share(power) * (RIGHT - LEFT)


def _y(scores: Scale, score: float) -> float:
    return BOTTOM - scores.share(score) * (BOTTOM - TOP)


# --- marks ---


def _point(row: Row, scores: Scale, costs: Scale, spent: float) -> Point:
    score = row.score or 0.0
    x = _x(costs, math.log10(max(spent, SMALLEST)))
    return Point(row, x, _y(scores, score), not scores.holds(score), row.on_front)


def _intervals(points: list[Point], scores: Scale) -> Iterator[str]:
    for point in points:
        interval = point.row.interval
        if interval and math.isfinite(interval.low + interval.high):
            low, high = _y(scores, interval.low), _y(scores, interval.high)
            yield f'<path class="interval{_front(point.front)}" d="M{point.x:.1f} {low:.1f}V{high:.1f}"/>'


def _step(front: list[Point]) -> str:
    """Return the line that the front makes: what a given cost buys."""
    start, *others = front
    line = "".join(f"H{point.x:.1f}V{point.y:.1f}" for point in others)
    return f'<path class="step" d="M{start.x:.1f} {start.y:.1f}{line}H{RIGHT}"/>'


def _mark(point: Point, board: Leaderboard, spent: float) -> str:
    row = point.row
    about = f"{row.rank}. {clean(row.name)}: {board.primary_title} {number(row.score)}, fit {_told(board, spent)}"
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
    spans = [(point.x, [_y(scores, value) for value in ends(point.row)]) for point in points]
    return [Box(x - 1, min(ys), x + 1, max(ys)) for x, ys in spans]


def _treads(front: list[Point]) -> list[Box]:
    """Boxes round the level parts of the line along the front."""
    nexts = [point.x for point in front[1:]] + [float(RIGHT)]
    return [Box(point.x, point.y - 1, x, point.y + 1) for point, x in zip(front, nexts, strict=True)]


def _text(label: Label) -> str:
    place = f'text-anchor="{label.anchor}" x="{label.x:.1f}" y="{label.baseline:.1f}"'
    return f'<text class="label{_front(label.front)}" {place}>{escape(label.text)}</text>'
