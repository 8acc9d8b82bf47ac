"""Curves, calibration and residuals of a result, drawn in squares of `CURVE_SIZE` pixels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from competition.board.scale import Scale, is_drawable, score_ticks
from competition.board.site.figures import Tick
from competition.results import Calibration, Result

CURVE_SIZE = 220  # pixels of the side of a plot's square
Z = 1.959963984540054  # of a normal distribution, for 95 %

CURVES = {
    "precision_recall": ("Precision and recall", "recall", "precision"),
    "roc": ("ROC", "false positive rate", "true positive rate"),
    "quantiles": ("Spread of the predictions", "quantiles of the truth", "quantiles predicted"),
    "residuals": ("Residuals", "share of the rows", "truth less prediction"),
}
CALIBRATIONS = {
    "probability": ("Calibration", "probability predicted", "share that is positive"),
    "confidence": ("Calibration of the most probable class", "probability predicted", "share that is right"),
    "value": ("Calibration", "value predicted", "truth: mean, quartiles"),
}


@dataclass(frozen=True)
class Plot:
    """A plot in a square, in pixels from its upper left corner.

    Parameters
    ----------
    path : str
        SVG path of the line.
    reference : str
        SVG path of what chance or a perfect solution gives.
    points : tuple of (float, float)
        Marks on it.
    whiskers : str
        SVG path of the intervals of the points.
    xticks, yticks : tuple of Tick
        Of its axes.
    notes : tuple of str
        What stands below.
    """

    title: str
    x: str
    y: str
    path: str
    reference: str
    points: tuple[tuple[float, float], ...]
    whiskers: str
    xticks: tuple[Tick, ...]
    yticks: tuple[Tick, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Square:
    """Axes of a plot."""

    x: Scale
    y: Scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        return CURVE_SIZE * self.x.share(x), CURVE_SIZE * (1 - self.y.share(y))

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        return path(self.at(*point) for point in points)

    @property
    def xticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(round(CURVE_SIZE * self.x.share(v), 1), text) for v, text in _few(score_ticks(self.x)))

    @property
    def yticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(round(CURVE_SIZE * (1 - self.y.share(v)), 1), text) for v, text in score_ticks(self.y))


def _few(ticks: Sequence[tuple[float, str]]) -> Sequence[tuple[float, str]]:
    """Leave out every other one where long texts would touch."""
    widest = max((len(text) for _, text in ticks), default=0)
    return ticks[:: math.ceil(len(ticks) * (widest + 2) * 6 / CURVE_SIZE)] if ticks else ticks


TOO_LARGE = "The values are too large to be drawn."

UNIT = _Square(Scale(0.0, 1.0), Scale(0.0, 1.0))


def plots(result: Result, n_repeats: int = 1) -> tuple[Plot, ...]:
    """Return the plots that a result has: its curves, then its calibration.

    Parameters
    ----------
    n_repeats : int
        How often each row was predicted: so many times fewer rows tell of the calibration.
    """
    made = [_curve(name, result) for name in CURVES if len(result.curves.get(name, ())) > 1]
    if result.calibration is not None and result.calibration.rows:
        made.append(_calibration(result.calibration, result, n_repeats))
    return tuple(made)


def _curve(name: str, result: Result) -> Plot:
    points = result.curves[name]
    if not all(is_drawable(value) for point in points for value in point):
        return _without_drawing(*CURVES[name], TOO_LARGE)
    square = UNIT if name in ("roc", "precision_recall") else _around(points, alike=name == "quantiles")
    reference = ""
    if name in ("roc", "quantiles"):
        reference = square.path([(square.x.low, square.x.low), (square.x.high, square.x.high)])
    elif name == "residuals":
        reference = square.path([(square.x.low, 0.0), (square.x.high, 0.0)]) if square.y.holds(0.0) else ""
    elif result.confusion and len(result.classes) == 2:
        # Rows called at random are as precise as the positive class is common.
        common = sum(result.confusion[-1]) / max(1, sum(map(sum, result.confusion)))
        reference = square.path([(0.0, common), (1.0, common)])
    title, x, y = CURVES[name]
    notes = ("Mean of each class against the rest.",) if len(result.classes) > 2 else ()
    return Plot(title, x, y, square.path(points), reference, (), "", square.xticks, square.yticks, notes)


def _without_drawing(title: str, x: str, y: str, *notes: str) -> Plot:
    return Plot(title, x, y, "", "", (), "", (), (), notes)


def _around(points: Sequence[tuple[float, float]], *, alike: bool) -> _Square:
    """Axes that hold all points; the same for both where their units are."""
    xs, ys = zip(*points, strict=True)
    if alike:
        scale = _scale([*xs, *ys])
        return _Square(scale, scale)
    return _Square(_scale(xs), _scale(ys))


def _scale(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    if high > low:
        return Scale(low, high, margin=0.02)
    return Scale(low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2)


def _calibration(made: Calibration, result: Result, n_repeats: int) -> Plot:
    numbers = [*made.predicted, *made.observed, *(end for pair in made.quartiles for end in pair)]
    if not all(is_drawable(value) if made.kind == "value" else abs(value - 0.5) < 0.501 for value in numbers):
        return _without_drawing(*CALIBRATIONS[made.kind], TOO_LARGE, *_calibration_notes(made, result))
    points = list(zip(made.predicted, made.observed, strict=True))
    if made.kind == "value":
        ends = list(made.quartiles)
        quartiles = [(x, y) for x, pair in zip(made.predicted, ends, strict=True) for y in pair]
        square = _around([*points, *quartiles], alike=True)
    else:
        ends = [wilson(y * n / n_repeats, n / n_repeats) for (_, y), n in zip(points, made.rows, strict=True)]
        square = UNIT
    whiskers = [
        "M{:.1f} {:.1f}V{:.1f}".format(*square.at(x, low), square.at(x, high)[1])
        for (x, _), (low, high) in zip(points, ends, strict=True)
    ]
    diagonal = [(square.x.low, square.x.low), (square.x.high, square.x.high)]
    placed = tuple((round(x, 1), round(y, 1)) for x, y in (square.at(*point) for point in points))
    return Plot(
        *CALIBRATIONS[made.kind],
        path=path(placed) if len(placed) > 1 else "",
        reference=square.path(diagonal),
        points=placed,
        whiskers="".join(whiskers),
        xticks=square.xticks,
        yticks=square.yticks,
        notes=tuple(_calibration_notes(made, result)),
    )


def _calibration_notes(made: Calibration, result: Result) -> Iterable[str]:
    if made.kind == "value":
        yield f"Mean distance of predicted and mean truth: {made.error:.4g}."
        return
    yield f"Expected calibration error {made.error:.4f}."
    if made.brier is not None:
        rows = [sum(of_class) for of_class in result.confusion or ()]
        shares = [n / max(1, sum(rows)) for n in rows]
        # A forecast of the shares of the classes: of two, the score looks at the positive one alone.
        constant = (1 - sum(share**2 for share in shares)) / (2 if len(shares) == 2 else 1)
        beside = f"; {constant:.4f} for a constant, the shares of the classes" if shares else ""
        yield f"Brier score {made.brier:.4f}{beside}."


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Interval of a share at 95 % (Wilson 1927, "Probable inference, the law of succession and statistical inference").

    Parameters
    ----------
    successes, n : float
        Rows for which it is so, and all, taken as independent; not whole where rows were predicted several times.
    """
    share, z2 = min(1.0, max(0.0, successes / n)), Z * Z  # a mean may exceed 1 by a rounding
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Write an SVG path of relative steps of tenths of a pixel."""
    pixels = [(round(x, 1), round(y, 1)) for x, y in points]
    steps = " ".join(f"{x - before_x:.4g} {y - before_y:.4g}" for (before_x, before_y), (x, y) in pairwise(pixels))
    return f"M{pixels[0][0]:g} {pixels[0][1]:g}l{steps}"
