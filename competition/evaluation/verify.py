"""Whether a committed result still holds, when the solution is evaluated again without the cache."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from competition.errors import PodiumError
from competition.metrics import METRICS
from competition.results import Result, Statistics, TrialRecord

Verdict = Literal["identical", "within tolerance", "drifted", "not reproducible", "missing"]
# Where numerics differ, a few labels flip. With AVX2 in place of AVX-512, 24 of cellular-anomaly's 32 solutions predict
# the same to the bit; no F1 of the others moves by more than 0.001, and no score of the board by more than 0.0042.
TOLERANCE = 0.01
# Scores of the same predictions differ by rounding alone.
ROUNDING = 1e-9
# Labels of a version: what they stand for is in the other fields.
DECIDES_NOTHING = frozenset({"competition_version", "podium"})


@dataclass(frozen=True)
class Comparison:
    """A solution's committed result beside the one of today.

    Parameters
    ----------
    verdict : str
        ``identical``: the predictions of every trial are the same, and so is what is made of them.
        ``within tolerance``: predictions differ, and no score by more than `TOLERANCE`.
        ``not reproducible``: predictions differ, though all that decides them is equal.
        ``drifted``: anything else, a failure that appears or vanishes among it.
        ``missing``: nothing is committed.
    committed_score, score : float or None
        The score that ranks; None where it is missing.
    largest_difference : float or None
        Of all scores that the board shows, from `difference`; None where one result lacks a score of the other.
    differs : tuple of str
        What differs, one thing a line: provenance field by field and package by package, failures, predictions, scores.
    """

    name: str
    verdict: Verdict
    committed_score: float | None
    score: float | None
    largest_difference: float | None
    differs: tuple[str, ...]


def compare(committed: Result | None, now: Result) -> Comparison:
    """Compare the committed result of a solution with one that was just made without the cache."""
    if committed is None:
        return Comparison(now.solution.name, "missing", None, now.score, None, ())
    made_with = _provenance_differences(committed, now)
    failures = list(_failure_differences(committed, now))
    predictions = list(_prediction_differences(committed, now))
    gaps = _score_differences(committed, now)
    scores = [f"{name}: {_shown(committed, name)} → {_shown(now, name)}" for name in gaps if gaps[name] > ROUNDING]
    sums = [] if failures or predictions else list(_sum_differences(committed, now))
    largest = max(gaps.values())
    if failures or (not predictions and (scores or sums)):
        verdict: Verdict = "drifted"
    elif not predictions:
        verdict = "identical"
    elif not any(decides for _, decides in made_with):
        verdict = "not reproducible"
    else:
        verdict = "within tolerance" if largest <= TOLERANCE else "drifted"
    lines = [line for line, _ in made_with] + failures + predictions + scores + sums
    told = largest if math.isfinite(largest) else None
    return Comparison(now.solution.name, verdict, committed.score, now.score, told, tuple(lines))


def difference(metric: str, one: float | None, other: float | None) -> float:
    """Difference of two scores, comparable between metrics.

    Returns
    -------
    float
        Absolute for a metric that is at most 1, relative to the larger for an error or a score beyond 1; 0 where both
        are missing, infinity where one is.
    """
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    is_error = metric in METRICS and not METRICS[metric].greater_is_better
    scale = max(abs(one), abs(other), 0.0 if is_error else 1.0)
    return abs(one - other) / scale if scale else 0.0


def part(names: Iterable[str], index: int, count: int) -> list[str]:
    """Return every `count`-th name, beginning with the `index`-th of the sorted ones.

    Parameters
    ----------
    index : int
        From 1; a larger one goes round, so that the number of a day picks each part in turn.

    Raises
    ------
    PodiumError
        If `index` or `count` is less than 1.
    """
    if index < 1 or count < 1:
        raise PodiumError(f"--part: found {index}/{count}; allowed: whole numbers from 1, such as 1/8")
    return sorted(names)[(index - 1) % count :: count]


def _provenance_differences(committed: Result, now: Result) -> list[tuple[str, bool]]:
    """Lines on what two results were made with, each with whether it may change predictions."""
    before, after = committed.provenance.model_dump(), now.provenance.model_dump()
    lines = [
        (f"{field}: {before[field]} → {after[field]}", field not in DECIDES_NOTHING)
        for field in before
        if field != "packages" and before[field] != after[field]
    ]
    old, new = before["packages"], after["packages"]
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            lines.append((f"{name}: {old.get(name, 'absent')} → {new.get(name, 'absent')}", True))
    return lines


def _paired(committed: Result, now: Result) -> Iterator[tuple[str, TrialRecord | None, TrialRecord | None]]:
    """Trials of the same place, with a name for it; None where one result has no such trial."""
    before, after = (
        {(trial.part, trial.repeat, trial.fold, trial.seed): trial for trial in result.trials}
        for result in (committed, now)
    )
    for place in sorted(before.keys() | after.keys()):
        yield _name_of(*place), before.get(place), after.get(place)


def _name_of(part: str, repeat: int, fold: int, seed: int) -> str:
    if part == "heldout":
        return "held-out rows"
    return f"repeat {repeat}, fold {fold}" + (f", seed {seed}" if part == "seeds" else "")


def _failure_differences(committed: Result, now: Result) -> Iterator[str]:
    for where, before, after in _paired(committed, now):
        types = ["no trial" if trial is None else _failure_type(trial) for trial in (before, after)]
        if types[0] != types[1]:
            yield f"{where}: {types[0]} → {types[1]}"


def _failure_type(trial: TrialRecord) -> str:
    return "no failure" if trial.failure is None else trial.failure.type


def _prediction_differences(committed: Result, now: Result) -> Iterator[str]:
    both = [(before.predictions, after.predictions) for _, before, after in _paired(committed, now) if before and after]
    differ = sum(None not in pair and pair[0] != pair[1] for pair in both)
    if differ:
        yield f"predictions: {differ} of {len(both)} trials"


def _score_differences(committed: Result, now: Result) -> dict[str, float]:
    """Difference of every score that the board shows; a metric that one result was not scored by is left out."""
    primary = now.statistics.metric if now.statistics else ""
    found = {"score": difference(primary, committed.score, now.score)}
    for name in sorted(committed.metrics.keys() & now.metrics.keys()):
        found[name] = difference(name, committed.metrics[name], now.metrics[name])
    for name in sorted(committed.heldout.keys() & now.heldout.keys()):
        found[f"held-out {name}"] = difference(name.split("/")[0], committed.heldout[name], now.heldout[name])
    return found


def _sum_differences(committed: Result, now: Result) -> Iterator[str]:
    """What else the board is made of, and equal predictions make equal."""
    if committed.confusion != now.confusion:
        yield "the confusion matrix"
    if not _same_statistics(committed.statistics, now.statistics):
        yield "the sums by cluster, which intervals are drawn from"


def _shown(result: Result, name: str) -> str:
    if name == "score":
        value = result.score
    elif name.startswith("held-out "):
        value = result.heldout[name.removeprefix("held-out ")]
    else:
        value = result.metrics[name]
    return "–" if value is None else f"{value:.6g}"


def _same_statistics(one: Statistics | None, other: Statistics | None) -> bool:
    if one is None or other is None:
        return one is other
    sums, others = one.array(), other.array()
    same_form = one.clusters == other.clusters and sums.shape == others.shape
    return same_form and np.allclose(sums, others, rtol=1e-8, atol=0)
