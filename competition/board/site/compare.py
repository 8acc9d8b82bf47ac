"""What the page that compares two solutions computes with, as JSON within the page."""

import json
import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from competition.board.site.clusters import ByCluster
from competition.board.site.pages import LEVEL, Contest, Line
from competition.board.site.plots import CURVES
from competition.board.site.trials import folds, place_name
from competition.metrics import METRICS
from competition.results import Result
from competition.text import clean

DRAWN = ("precision_recall", "roc")  # over the same 101 points for every solution


def compare_data(contest: Contest, lines: Sequence[Line], clusters: ByCluster | None) -> dict[str, Any]:
    """Return scores by metric, fold, cluster and slice, curves, and costs, of every solution that has a score."""
    board = contest.board
    definition = board.definition
    ranked = [line for line in lines if line.row.rank is not None]
    repeats, splits = definition.cv.n_repeats, definition.cv.n_splits
    pairs = board.pairs
    return {
        "metric": board.primary_title,
        "greaterIsBetter": definition.primary.greater_is_better,
        "metrics": [
            {"title": METRICS[name].title, "greaterIsBetter": METRICS[name].greater_is_better}
            for name in definition.metric_names
        ],
        "folds": [place_name(repeat, fold, repeats) for repeat in range(repeats) for fold in range(splits)],
        "cluster": definition.ranking.cluster,
        "clusters": [clean(name) for name in clusters.names] if clusters else [],
        "allClusters": clusters.n_all if clusters else 0,
        "slices": [
            {"title": by.title, "names": [one.name for one in by.slices], "rows": [one.rows for one in by.slices]}
            for by in contest.slices.by
        ],
        "curves": [{"key": key, "title": CURVES[key][0], "x": CURVES[key][1], "y": CURVES[key][2]} for key in DRAWN],
        "level": LEVEL,
        "pairs": {"names": pairs.names, "p": [[_short(p) for p in row] for row in pairs.p_values]} if pairs else None,
        "solutions": [_solution(line, contest, clusters) for line in ranked],
    }


def _solution(line: Line, contest: Contest, clusters: ByCluster | None) -> dict[str, Any]:
    row, definition = line.row, contest.board.definition
    # A number that the board does not show stands on no page, whatever else is known of that half.
    shown = {"public": row.heldout_public is not None, "private": row.heldout_private is not None}
    shown = {half: known and f"{definition.metric.primary}/{half}" in row.heldout for half, known in shown.items()}
    return {
        "name": clean(row.name),
        "title": row.title,
        "page": line.page,
        "rank": row.rank,
        "cv": [_short(row.metrics.get(name)) for name in definition.metric_names],
        "heldout": {
            half: [_short(row.heldout.get(f"{name}/{half}")) for name in definition.metric_names]
            for half in ("public", "private")
            if shown[half]
        },
        "folds": _folds(row.result, definition.metric.primary, definition.cv.n_repeats, definition.cv.n_splits),
        "clusters": [_short(value) for value in clusters.scores.get(row.name, ())] if clusters else [],
        "slices": [[_short(one.scores.get(row.name), 4) for one in sliced.slices] for sliced in contest.slices.by],
        "lacksSlices": row.name in contest.slices.missing,
        "curves": {key: [_short(y, 3) for _, y in row.result.curves.get(key, ())] for key in DRAWN},
        "alike": [clean(name) for name in row.alike],
        "costs": {
            "fitSeconds": _short(row.fit_seconds),
            "predictMs": _short(row.predict_ms),
            "memoryMb": _short(row.peak_memory_mb),
            "fitCost": _short(row.fit_cost),
            "predictCost": _short(row.predict_cost),
        },
    }


def _folds(result: Result, metric: str, repeats: int, splits: int) -> list[float | None]:
    scores = {(trial.repeat, trial.fold): trial.metrics.get(metric) for trial in folds(result)}
    return [_short(scores.get((repeat, fold))) for repeat in range(repeats) for fold in range(splits)]


def _short(value: float | None, digits: int = 6) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


def script_json(content: Any) -> Markup:
    """Write JSON that may stand within a ``script`` element: nothing in it can end that element."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
