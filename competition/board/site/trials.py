"""The trials of a solution: its scores by fold, and why some failed."""

from dataclasses import dataclass
from statistics import median

from competition.board.row import Row
from competition.definition import Competition, Limits
from competition.results import Failure, Result, TrialRecord
from competition.text import clean

MAX_FOLDS = 10  # more are summed up
MAX_FAILURES = 5
SUMMED_UP = ("lowest", "median", "highest")


@dataclass(frozen=True)
class FailureGroup:
    """Trials that failed in the same way."""

    where: str
    kind: str
    meaning: str
    message: str
    traceback: tuple[str, ...]


def folds(result: Result) -> list[TrialRecord]:
    """Return the trials on validation folds."""
    return [trial for trial in result.trials if trial.part == "cv"]


def fold_heads(definition: Competition) -> tuple[str, ...]:
    """Name the folds, or what many are summed up to."""
    repeats, splits = definition.cv.n_repeats, definition.cv.n_splits
    if repeats * splits > MAX_FOLDS:
        return SUMMED_UP
    return tuple(place_name(repeat, fold, repeats) for repeat in range(repeats) for fold in range(splits))


def fold_scores(result: Result, definition: Competition) -> tuple[float | None, ...]:
    """Return the primary score by fold, in the order of `fold_heads`; None where it failed or is undefined."""
    repeats, splits = definition.cv.n_repeats, definition.cv.n_splits
    values = [trial.metrics.get(definition.metric.primary) for trial in folds(result)]
    if repeats * splits > MAX_FOLDS:
        known = [value for value in values if value is not None]
        return (min(known), median(known), max(known)) if known else (None,) * len(SUMMED_UP)
    by_place = {(t.repeat, t.fold): value for t, value in zip(folds(result), values, strict=True)}
    return tuple(by_place.get((repeat, fold)) for repeat in range(repeats) for fold in range(splits))


def place_name(repeat: int, fold: int, n_repeats: int) -> str:
    """Return what a fold is called; people count from 1."""
    return f"{repeat + 1}.{fold + 1}" if n_repeats > 1 else f"{fold + 1}"


def trial_name(trial: TrialRecord, n_repeats: int) -> str:
    """Return what a trial is called."""
    if trial.part == "heldout":
        return "held-out rows"
    repeat = f"repeat {trial.repeat + 1}, " if n_repeats > 1 else ""
    return f"{repeat}fold {trial.fold + 1}" + (f", seed {trial.seed}" if trial.part == "seeds" else "")


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
        "dependency": "a package that it brings itself could not be installed",
        "infrastructure": "the harness failed, which is not the solution's fault",
    }[failure.type]
