"""What the page that compares two solutions computes with, as JSON within the page."""

import json
import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from competition.board.site.clusters import ByCluster
from competition.board.site.pages import LEVEL, Line
from competition.board.site.trials import folds, place_name
from competition.board.table import Leaderboard
from competition.metrics import METRICS
from competition.results import Result
from competition.text import clean


def compare_data(board: Leaderboard, lines: Sequence[Line], clusters: ByCluster | None) -> dict[str, Any]:
    """Return scores by metric, fold and cluster, and costs, of every solution that has a score."""
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
        "level": LEVEL,
        "pairs": {"names": pairs.names, "p": [[_short(p) for p in row] for row in pairs.p_values]} if pairs else None,
        "solutions": [_solution(line, board, clusters) for line in ranked],
    }


def _solution(line: Line, board: Leaderboard, clusters: ByCluster | None) -> dict[str, Any]:
    row, definition = line.row, board.definition
    shown = {"public": row.heldout_public is not None, "private": row.heldout_private is not None}
    return {
        "name": clean(row.name),
        "title": row.title,
        "page": line.page,
        "rank": row.rank,
        "cv": [_short(row.metrics.get(name)) for name in definition.metric_names],
        "heldout": {
            half: [_short(row.result.heldout.get(f"{name}/{half}")) for name in definition.metric_names]
            for half in ("public", "private")
            if shown[half]
        },
        "folds": _folds(row.result, definition.metric.primary, definition.cv.n_repeats, definition.cv.n_splits),
        "clusters": [_short(value) for value in clusters.scores.get(row.name, ())] if clusters else [],
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


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def script_json(content: Any) -> Markup:
    """Write JSON that may stand within a ``script`` element: nothing in it can end that element."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
