"""Outcomes of trials -> records and a result. Pure functions; the labels never leave this side."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.dataset import Prepared
from competition.definition import Competition
from competition.evaluation.curves import calibration, ranking_curves, value_curves
from competition.evaluation.outcomes import Outcome
from competition.evaluation.plan import Trial
from competition.measures.sums import confusion_counts
from competition.metrics import Scorer, score_together
from competition.predictions import Predictions
from competition.results import Curves, Provenance, Result, SolutionCard, Statistics, TrialRecord

MANY_ROWS = 100_000  # for which a second thread is worth its start


@dataclass(frozen=True)
class Finished:
    """A trial, what became of it, and its record; the predictions are in the order of the table's rows."""

    trial: Trial
    record: TrialRecord
    predictions: Predictions | None
    rows: NDArray[np.int64]


def finish(trial: Trial, outcome: Outcome, prepared: Prepared) -> Finished:
    """Put the predictions back into the table's order and score them."""
    order = np.argsort(trial.split.predict)
    rows = trial.split.predict[order]
    predictions = None if outcome.predictions is None else outcome.predictions.take(order)
    record = TrialRecord(
        part="cv" if trial.split.part == "unlabelled" else trial.split.part,
        repeat=trial.split.repeat,
        fold=trial.split.fold,
        seed=trial.split.seed,
        rows_train=len(trial.split.train),
        rows_predict=len(rows),
        metrics={} if predictions is None else _trial_metrics(trial, rows, predictions, prepared),
        fit_seconds=_rounded(outcome.fit_seconds),
        predict_seconds=_rounded(outcome.predict_seconds, 6),
        wall_seconds=round(outcome.wall_seconds, 4),
        peak_memory_mb=_rounded(outcome.peak_memory_mb, 1),
        reference_seconds=_rounded(outcome.reference_seconds, 6),
        predictions=None if predictions is None else predictions.fingerprint,
        failure=outcome.failure,
    )
    return Finished(trial, record, predictions, rows)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def _trial_metrics(
    trial: Trial, rows: NDArray[np.int64], predictions: Predictions, prepared: Prepared
) -> dict[str, float | None]:
    by_name = scorers(prepared)
    if trial.split.part in ("cv", "seeds"):
        truth = prepared.train.y[rows]
        return score_together(by_name.values(), truth, predictions)
    if prepared.definition.is_sealed:  # there are no labels here
        return {}
    halves = {"public": prepared.public, "private": ~prepared.public}
    return heldout_metrics(predictions, prepared.heldout.y, halves, by_name)


def heldout_metrics(
    predictions: Predictions, truth: NDArray[Any], halves: dict[str, NDArray[np.bool_]], by_name: dict[str, Scorer]
) -> dict[str, float | None]:
    """Score predictions of the held-out rows on each half.

    Returns
    -------
    dict
        Score by ``metric/half``.
    """

    def score(mask: NDArray[np.bool_]) -> dict[str, float | None]:
        return score_together(by_name.values(), truth[mask], predictions.take(np.flatnonzero(mask)))

    with ThreadPoolExecutor(
        len(halves) if len(truth) >= MANY_ROWS else 1
    ) as pool:  # sorting lets go of the interpreter
        scored = dict(zip(halves, pool.map(score, halves.values()), strict=True))
    return {f"{name}/{half}": value for half, scores in scored.items() for name, value in scores.items()}


def scorers(prepared: Prepared) -> dict[str, Scorer]:
    """Every metric of the competition, bound to its task, by name."""
    definition = prepared.definition
    return {name: definition.scorer(name, len(prepared.classes)) for name in definition.metric_names}


def summarise(finished: Sequence[Finished], card: SolutionCard, provenance: Provenance, prepared: Prepared) -> Result:
    """Bring all trials of a solution together. Any failed trial makes the score missing."""
    ordered = sorted(finished, key=lambda one: (one.record.part, one.record.repeat, one.record.fold, one.record.seed))
    records = tuple(one.record for one in ordered)
    failed = any(record.failure for record in records)
    cv = [one for one in ordered if one.trial.split.part == "cv"]
    heldout = next((one.record.metrics for one in ordered if one.trial.split.part == "heldout"), {})
    definition = prepared.definition
    metrics = {} if failed else _cv_scores(cv, prepared)
    return Result(
        format=1,
        competition=definition.slug,
        solution=card,
        provenance=provenance,
        score=_ranking_score(definition, metrics, heldout),
        metrics=metrics,
        heldout={} if failed else heldout,
        statistics=None if failed else _statistics(ordered, prepared),
        confusion=None if failed else _confusion(cv, prepared),
        classes=tuple(str(label) for label in prepared.classes),
        curves={} if failed else _curves(cv, prepared),
        calibration=None if failed else calibration(*pooled(cv, prepared), len(prepared.classes)),
        trials=records,
    )


def _ranking_score(
    definition: Competition, metrics: dict[str, float | None], heldout: dict[str, float | None]
) -> float | None:
    if not metrics:
        return None
    primary = definition.metric.primary
    return metrics[primary] if definition.ranking.by == "cv" else heldout.get(f"{primary}/private")


def _cv_scores(cv: Sequence[Finished], prepared: Prepared) -> dict[str, float | None]:
    """Pool the out-of-fold rows of each repeat, then average; ranking metrics are averaged over folds."""
    by_name = scorers(prepared)
    together = [scorer for scorer in by_name.values() if scorer.metric.pooled]
    by_repeat = [score_together(together, *pooled(unit, prepared)) for unit in units(cv, pooled=True)]
    # Nobody gains by leaving out the scores of the hard fold.
    ranked = all(one.predictions is not None and one.predictions.ranking_scores() is not None for one in cv)
    by_fold = [one.record.metrics for one in cv] if ranked else []
    return {
        name: _mean(unit[name] for unit in (by_repeat if scorer.metric.pooled else by_fold))
        for name, scorer in by_name.items()
    }


def _mean(scores: Iterable[float | None]) -> float | None:
    defined = [score for score in scores if score is not None]
    return fmean(defined) if defined else None


def units(cv: Sequence[Finished], *, pooled: bool) -> list[list[Finished]]:
    """Trials whose rows are scored together: those of a repeat, or each by itself."""
    if not pooled:
        return [[one] for one in cv]
    repeats = sorted({one.trial.split.repeat for one in cv})
    return [[one for one in cv if one.trial.split.repeat == repeat] for repeat in repeats]


def pooled(unit: Sequence[Finished], prepared: Prepared) -> tuple[NDArray[Any], Predictions]:
    """Return the truth and the predictions of some trials' rows, in the order of the trials."""
    rows = np.concatenate([one.rows for one in unit])
    made = [one.predictions for one in unit if one.predictions is not None]
    values = np.concatenate([one.values for one in made])
    scores = [one.scores for one in made if one.scores is not None]
    kinds = {one.score_kind for one in made}
    # Scores of one kind on every fold, or none at all.
    if len(scores) < len(made) or len(kinds) > 1:
        return prepared.train.y[rows], Predictions(values)
    return prepared.train.y[rows], Predictions(values, np.concatenate(scores), kinds.pop())


def _statistics(ordered: Sequence[Finished], prepared: Prepared) -> Statistics | None:
    """Sums of the primary metric for each cluster of the rows that rank, which the intervals are drawn from."""
    definition = prepared.definition
    scorer = definition.scorer(definition.metric.primary, len(prepared.classes))
    if definition.ranking.by == "heldout":
        private = np.flatnonzero(~prepared.public)
        of_private = [
            one.predictions.take(private) for one in ordered if one.trial.split.part == "heldout" and one.predictions
        ]
        scored = [(prepared.heldout.y[private], predictions) for predictions in of_private]
        clusters, codes = prepared.heldout.cluster, [prepared.heldout.cluster.code[private]]
    else:
        made = units([one for one in ordered if one.trial.split.part == "cv"], pooled=scorer.metric.pooled)
        scored = [pooled(unit, prepared) for unit in made]
        clusters = prepared.train.cluster
        codes = [clusters.code[np.concatenate([one.rows for one in unit])] for unit in made]
    present = np.unique(np.concatenate(codes))
    place = np.zeros(len(clusters.names), dtype=np.intp)
    place[present] = np.arange(len(present))
    sums = [
        scorer.statistics(truth, predictions, place[code], len(present))
        for (truth, predictions), code in zip(scored, codes, strict=True)
    ]
    if any(unit is None for unit in sums):
        return None
    lines = tuple(tuple(tuple(map(_plain, row)) for row in unit.tolist()) for unit in sums if unit is not None)
    return Statistics(clusters=tuple(clusters.names[present].tolist()), metric=scorer.metric.name, units=lines)


def _plain(value: float) -> float:
    """Counts stay whole numbers in the file; sums keep ten significant digits."""
    return int(value) if float(value).is_integer() else float(f"{value:.10g}")


def _confusion(cv: Sequence[Finished], prepared: Prepared) -> tuple[tuple[int, ...], ...] | None:
    n_classes = len(prepared.classes)
    if not n_classes:
        return None
    counts = sum(
        confusion_counts(prepared.train.y[one.rows], one.predictions.values, np.zeros_like(one.rows), 1, n_classes)
        for one in cv
        if one.predictions is not None
    )
    return tuple(map(tuple, np.reshape(counts, (n_classes, n_classes)).tolist()))


def _curves(cv: Sequence[Finished], prepared: Prepared) -> Curves:
    if not prepared.classes:
        truth, predictions = pooled(cv, prepared)
        return value_curves(truth, predictions.values)
    scores = [None if one.predictions is None else one.predictions.ranking_scores() for one in cv]
    return ranking_curves([(prepared.train.y[one.rows], of_rows) for one, of_rows in zip(cv, scores, strict=True)])
