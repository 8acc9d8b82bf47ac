"""The board as one self-contained page: no network, and readable without JavaScript."""

import math
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from competition.board.chart import Scale, board_scale, score_against_time, score_scale
from competition.board.table import Leaderboard, Row, cost, number
from competition.definition import Limits
from competition.metrics import METRICS
from competition.results import Failure, Result, TrialRecord
from competition.text import clean

TEMPLATES = "templates"
BAR_WIDTH = 100  # pixels along which a score runs
CURVE_SIZE = 200  # pixels of the side of a curve's square
MAX_MATRIX_CLASSES = 20
MAX_CONFUSIONS = 20
MAX_FOLD_ROWS = 10
MAX_FAILURES = 5
MAX_LETTERS = 4_000
CURVES = {
    "precision_recall": ("Precision and recall", "recall", "precision"),
    "roc": ("ROC", "false positive rate", "true positive rate"),
}


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
    """One cell of a confusion matrix: a count and its share of the row, in percent."""

    count: int
    percent: int
    correct: bool


@dataclass(frozen=True)
class Curve:
    """A curve in a unit square: its SVG path, its names, and the height of the line that chance gives."""

    title: str
    x: str
    y: str
    path: str
    chance: str


@dataclass(frozen=True)
class FailureGroup:
    """Trials that failed in the same way."""

    where: str
    kind: str
    meaning: str
    message: str
    traceback: tuple[str, ...]


def render(board: Leaderboard) -> str:
    """Return the whole page.

    Returns
    -------
    str
        HTML with its styles, script and charts inline. Text that an entrant wrote is cleaned and escaped.
    """
    script = _asset("board.js")
    return _template().render(
        board=board,
        style=Markup(_asset("board.css")),
        script=Markup(script),
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        # The chart escapes what it writes itself.
        chart=Markup(score_against_time(board)) if board.ranked else None,
        scale=board_scale(board),
        fold_scale=fold_scale(board),
        curve_size=CURVE_SIZE,
        bar_width=BAR_WIDTH,
        metrics=METRICS,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("competition.board", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clean": clean, "number": number, "cost": cost, "direction": direction}
    environment.globals |= {
        "anchor": anchor,
        "bar": bar,
        "confusions": confusions,
        "curves": curves,
        "failure_groups": failure_groups,
        "fold_summary": fold_summary,
        "folds": folds,
        "matrix": matrix,
        "paragraphs": paragraphs,
        "sortable": sortable,
        "trial_name": trial_name,
    }
    return environment.get_template("board.html.jinja")


@cache
def _asset(name: str) -> str:
    # The bytes that a browser hashes are those after line ends are made uniform.
    return (files("competition.board") / TEMPLATES / name).read_text("utf-8").replace("\r\n", "\n")


# --- text ---


def anchor(row: Row) -> str:
    """Return the id of a solution's section."""
    return "solution-" + re.sub(r"[^A-Za-z0-9_-]", "-", row.name)


def paragraphs(text: str) -> list[str]:
    """Split a docstring at its empty lines, each paragraph on one line; very long ones are cut short."""
    cut = text if len(text) <= MAX_LETTERS else text[:MAX_LETTERS].rstrip() + " …"
    return [words for part in re.split(r"\n\s*\n", cut) if (words := clean(part))]


def sortable(value: float | None) -> str:
    """Return a number as sorting reads it; empty, and so last in either direction, where there is none."""
    return "" if value is None or not math.isfinite(value) else f"{value:.8g}"


def direction(greater_is_better: bool) -> str:
    """Return the order that puts the best first."""
    return "descending" if greater_is_better else "ascending"


def trial_name(trial: TrialRecord, n_repeats: int) -> str:
    """Return what a trial is called; people count from 1."""
    if trial.part == "heldout":
        return "held-out rows"
    repeat = f"repeat {trial.repeat + 1}, " if n_repeats > 1 else ""
    return f"{repeat}fold {trial.fold + 1}"


# --- scores ---


def bar(scale: Scale | None, score: float | None, low: float | None = None, high: float | None = None) -> Bar | None:
    """Place a score and the ends of its interval on a line; None where there is nothing to place."""
    if scale is None or score is None or not math.isfinite(score):
        return None
    ends = [end if end is not None and math.isfinite(end) else score for end in (low, high)]
    at, start, end = (round(BAR_WIDTH * scale.share(value), 1) for value in (score, *ends))
    beyond = "" if scale.holds(score) else "low" if score < scale.low else "high"
    return Bar(at, start, end, beyond)


def fold_scale(board: Leaderboard) -> Scale | None:
    """Choose one axis for the folds of every solution, so that sections compare."""
    scores = [[trial.metrics.get(board.definition.metric.primary) for trial in folds(row.result)] for row in board.rows]
    found = [[value for value in row if value is not None and math.isfinite(value)] for row in scores]
    return score_scale([row for row in found if row])


def folds(result: Result) -> list[TrialRecord]:
    """Return the trials on validation folds."""
    return [trial for trial in result.trials if trial.part == "cv"]


def fold_summary(result: Result, metric: str) -> list[tuple[str, float]]:
    """Return lowest, median and highest score of the folds, where they are too many for a table of them all."""
    values = sorted(value for trial in folds(result) if (value := trial.metrics.get(metric)) is not None)
    if len(folds(result)) <= MAX_FOLD_ROWS or not values:
        return []
    middle = len(values) // 2
    return [
        ("lowest", values[0]),
        ("median", (values[middle] + values[-middle - 1]) / 2),
        ("highest", values[-1]),
    ]


# --- classes ---


def matrix(result: Result) -> list[tuple[str, list[Cell]]]:
    """Return the confusion matrix by true class; empty where there is none or it is too wide to read."""
    if not result.confusion or len(result.confusion) > MAX_MATRIX_CLASSES:
        return []
    return [
        (label, [Cell(count, _percent(count, sum(counts)), i == j) for j, count in enumerate(counts)])
        for i, (label, counts) in enumerate(zip(result.classes, result.confusion, strict=True))
    ]


def confusions(result: Result) -> list[tuple[str, str, Cell]]:
    """Return the largest confusions (true class, predicted class, cell) where the matrix is too wide to read."""
    if not result.confusion or len(result.confusion) <= MAX_MATRIX_CLASSES:
        return []
    wrong = [
        (true, called, Cell(count, _percent(count, sum(counts)), False))
        for true, counts in zip(result.classes, result.confusion, strict=True)
        for called, count in zip(result.classes, counts, strict=True)
        if called != true and count
    ]
    return sorted(wrong, key=lambda one: -one[2].count)[:MAX_CONFUSIONS]


def _percent(count: int, total: int) -> int:
    return round(100 * count / total) if total else 0


def curves(result: Result) -> list[Curve]:
    """Return the curves that a result has, drawn in a square of `CURVE_SIZE` pixels."""
    chance = {"roc": f"M0 {CURVE_SIZE}L{CURVE_SIZE} 0"}
    if result.confusion:
        # Rows called at random are as precise as the positive class is common.
        positive = sum(result.confusion[-1]) / max(1, sum(map(sum, result.confusion)))
        chance["precision_recall"] = f"M0 {CURVE_SIZE * (1 - positive):.1f}H{CURVE_SIZE}"
    return [
        Curve(title, x, y, _path(result.curves[name]), chance.get(name, ""))
        for name, (title, x, y) in CURVES.items()
        if result.curves.get(name)
    ]


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Write relative steps of tenths of a pixel: a hundred solutions have two hundred curves."""
    pixels = [(round(CURVE_SIZE * x, 1), round(CURVE_SIZE * (1 - y), 1)) for x, y in points]
    steps = " ".join(f"{x - before_x:.4g} {y - before_y:.4g}" for (before_x, before_y), (x, y) in pairwise(pixels))
    return f"M{pixels[0][0]:g} {pixels[0][1]:g}l{steps}"


# --- failures ---


def failure_groups(row: Row, limits: Limits, n_repeats: int) -> list[FailureGroup]:
    """Bring the trials together that failed in the same way, the first few ways."""
    trials: dict[Failure, list[str]] = {}
    for trial in row.result.failures:
        assert trial.failure is not None
        trials.setdefault(trial.failure, []).append(trial_name(trial, n_repeats))
    return [
        FailureGroup(
            where=_listed(names),
            kind=failure.type,
            meaning=_meaning(failure, limits),
            message=clean(failure.message),
            traceback=tuple(clean(line) for line in failure.traceback),
        )
        for failure, names in list(trials.items())[:MAX_FAILURES]
    ]


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown


def _meaning(failure: Failure, limits: Limits) -> str:
    return {
        "timeout": f"it ran longer than the {limits.seconds:g} s that a trial has",
        "memory": f"it needed more than the {limits.memory_gb:g} GB of memory that a trial has",
        "crash": "its process died before it returned predictions",
        "error": "its code raised an exception",
        "bad-output": "its predictions cannot be scored",
        "infrastructure": "the harness failed, which is not the solution's fault",
    }[failure.type]
