"""The recorded board of a competition: the files of ``leaderboard/<slug>/``, written whole or not at all."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from competition.board import markdown
from competition.board.chart import score_against_cost
from competition.board.row import Row
from competition.board.table import Leaderboard
from competition.repository import write_text
from competition.result_files import write_result
from competition.text import clean


def record(board: Leaderboard, folder: Path) -> None:
    """Write the results on the board, then the board; results of solutions that are gone are removed."""
    for row in board.rows:
        write_result(row.result, folder / "results")
    kept = {row.name for row in board.rows} | {name for name, _ in board.stale}
    for path in (folder / "results").glob("*.json"):
        if path.stem not in kept:
            path.unlink()
    write_text(folder / "README.md", markdown.render(board))
    write_text(folder / "leaderboard.csv", to_csv(board))
    write_text(folder / "leaderboard.json", to_json(board))
    if board.ranked:
        write_text(folder / "chart.svg", score_against_cost(board))
    else:
        (folder / "chart.svg").unlink(missing_ok=True)


def to_csv(board: Leaderboard) -> str:
    """Ranks, ``solution``, the metrics, then held-out scores, evidence and costs; empty where there is no number.

    The last two columns tell the state (ranked, failed, undefined, stale), and why there is no rank or what is odd.
    """
    names = board.definition.metric_names
    primary = board.definition.metric.primary
    evidence = ["interval_low", "interval_high", "share_of_firsts", "seed_spread", "p_against_best"]
    costs = ["fit_seconds", "predict_ms_per_1000_rows", "peak_memory_mb", "fit_cost", "predict_cost_per_1000_rows"]
    heldout = [f"{primary}_heldout_public", f"{primary}_heldout_private"]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["rank", "rank_low", "rank_high", "solution", *names, *heldout, *evidence, *costs, "state", "why"])
    for row in board.rows:
        metrics = [row.metrics.get(name) for name in names]
        interval = (row.interval.low, row.interval.high) if row.interval else (None, None)
        numbers = [
            *metrics,
            *(row.heldout_public, row.heldout_private),
            *(*interval, row.share_of_firsts, row.seed_spread, row.p_against_best),
            *(row.fit_seconds, row.predict_ms, row.peak_memory_mb, row.fit_cost, row.predict_cost),
        ]
        ranks = [row.rank, row.rank_low, row.rank_high]
        writer.writerow([*ranks, row.name, *(_short(value) for value in numbers), *_state(row)])
    n_numbers = len(names) + len(heldout) + len(evidence) + len(costs)
    for name, why in board.stale:
        writer.writerow([None, None, None, name, *[None] * n_numbers, "stale", clean(why)])
    return target.getvalue()


def _state(row: Row) -> tuple[str, str]:
    if row.failure is not None:
        return "failed", clean(f"{row.failure.type}: {row.failure.message}")
    if row.rank is None:
        return "undefined", "the metric is undefined for what it returns"
    return "ranked", f"predicts every row as {', '.join(row.alike)}" if row.alike else ""


def to_json(board: Leaderboard) -> str:
    """Everything that the board shows, for a program."""
    content = {
        "competition": board.slug,
        "title": board.definition.competition.title,
        "version": board.definition.competition.version,
        "metric": board.definition.metric.primary,
        "greater_is_better": board.definition.primary.greater_is_better,
        "answer_key": board.definition.answers.key,
        "closed": board.published.closed.date if board.published and board.published.closed else None,
        "remarks": [*([board.reason] if board.reason else []), *board.remarks],
        "rows": [_row(row, board.definition.metric_names) for row in board.rows],
        "stale": [{"solution": name, "why": why} for name, why in board.stale],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _row(row: Row, metrics: Iterable[str]) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "tied_with_best": row.is_tied_with_best,
        "share_of_firsts": _short(row.share_of_firsts),
        "solution": row.name,
        "title": row.title,
        "authors": list(row.authors),
        "score": _short(row.score),
        "interval": [_short(row.interval.low), _short(row.interval.high)] if row.interval else None,
        "heldout_public": _short(row.heldout_public),
        "heldout_private": _short(row.heldout_private),
        "metrics": {name: _short(row.metrics[name]) for name in metrics if name in row.metrics},
        "seed_spread": _short(row.seed_spread),
        "seed_invariant": row.is_seed_invariant,
        "p_against_best": _short(row.p_against_best),
        "same_predictions_as": list(row.alike),
        "on_cost_front": row.on_front,
        "fit_cost": _short(row.fit_cost),
        "predict_cost_per_1000_rows": _short(row.predict_cost),
        "fit_seconds": _short(row.fit_seconds),
        "predict_ms_per_1000_rows": _short(row.predict_ms),
        "peak_memory_mb": _short(row.peak_memory_mb),
        "isolation": row.result.provenance.isolation,
        "state": _state(row)[0],
        "failure": {"type": row.failure.type, "message": clean(row.failure.message)} if row.failure else None,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
