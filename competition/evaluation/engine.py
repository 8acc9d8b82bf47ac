"""Run trials and bring them together: the loop of an evaluation."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from competition.dataset import Prepared
from competition.errors import PodiumError
from competition.evaluation.cache import TrialCache
from competition.evaluation.control import Order, Runtime
from competition.evaluation.entries import Entry, provenance, runtimes
from competition.evaluation.features import Tables, tables_of
from competition.evaluation.key import TrialKey, arrays_fingerprint
from competition.evaluation.outcomes import Outcome, Work, failed
from competition.evaluation.plan import Trial, heldout_split, labelled_rows, plan, unlabelled_split
from competition.evaluation.schedule import LongestFirst
from competition.evaluation.scoring import Finished, finish, summarise
from competition.evaluation.surroundings import Surroundings
from competition.evaluation.worker import fixed_environment
from competition.results import Predictions, Result, TrialRecord


class Executor(Protocol):
    """What runs trials: a pool on this machine, or a cluster."""

    @property
    def jobs(self) -> int:
        """Trials at a time."""

    @property
    def surroundings(self) -> Surroundings:
        """What a trial runs in there."""

    def run(self, works: Iterable[tuple[int, Work]]) -> Iterator[tuple[int, Outcome]]:
        """Run trials, in the order given, and yield each outcome when it is there."""


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have left.

    Parameters
    ----------
    cache : TrialCache or None
        Where outcomes are looked up, and kept before they are yielded.
    seconds : mapping
        Of a trial, by name, as far as they are known; the longest are begun first.
    fresh : bool
        Whether every trial runs, whatever the cache holds.
    """

    cache: TrialCache | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    fresh: bool = False

    def outcome(self, key: str) -> Outcome | None:
        """Return the outcome of a trial by its key, None where it has to run."""
        return None if self.cache is None or self.fresh else self.cache.get(key)


NOTHING = Earlier()


@dataclass(frozen=True)
class TrialEnded:
    """A trial of an entry has ended, or was found in the cache."""

    entry: Entry
    record: TrialRecord
    cached: bool


@dataclass(frozen=True)
class SolutionEnded:
    """All trials of an entry have ended."""

    entry: Entry
    result: Result


def evaluate(
    prepared: Prepared,
    entries: Sequence[Entry],
    executor: Executor,
    earlier: Earlier = NOTHING,
) -> Iterator[TrialEnded | SolutionEnded]:
    """Evaluate entries by cross-validation and on the held-out rows.

    Parameters
    ----------
    prepared : Prepared
        The competition's data.
    entries : sequence of Entry
        What is evaluated.
    executor : Executor
        Where the trials run.
    earlier : Earlier, optional
        What earlier runs have left.

    Yields
    ------
    TrialEnded or SolutionEnded
        As they come; trials in the cache first.
    """
    by_name = {entry.program.name: entry for entry in entries}
    trials = plan([entry.program for entry in entries], prepared)
    left = {name: sum(trial.program.name == name for trial in trials) for name in by_name}
    finished: dict[str, list[Finished]] = defaultdict(list)
    for trial, outcome, cached in run_trials(trials, prepared, by_name, executor, earlier):
        one = finish(trial, outcome, prepared)
        entry = by_name[trial.program.name]
        finished[trial.program.name].append(one)
        yield TrialEnded(entry, one.record, cached)
        if len(finished[trial.program.name]) == left[trial.program.name]:
            done = finished.pop(trial.program.name)
            made_with = provenance(prepared.definition, prepared.manifest, entry, executor.surroundings)
            yield SolutionEnded(entry, summarise(done, entry.card, made_with, prepared))


def predict_submission(prepared: Prepared, entry: Entry, executor: Executor, *, unlabelled: bool) -> Predictions:
    """Fit one entry and predict the held-out rows (fitted on train), or the unlabelled ones (fitted on every label).

    Returns
    -------
    Predictions
        In the order of the table's rows.

    Raises
    ------
    PodiumError
        If the trial fails.
    """
    split = unlabelled_split(prepared) if unlabelled else heldout_split(prepared)
    trial = Trial(entry.program, split)
    ((_, outcome, _),) = run_trials([trial], prepared, {entry.program.name: entry}, executor, NOTHING)
    if outcome.predictions is None:
        assert outcome.failure is not None
        where = f" ({outcome.failure.traceback[-1]})" if outcome.failure.traceback else ""
        raise PodiumError(f"{entry.program.file}: {outcome.failure.type}: {outcome.failure.message}{where}")
    return outcome.predictions.take(np.argsort(split.predict))


def predict_heldout(
    prepared: Prepared, entries: Sequence[Entry], executor: Executor, earlier: Earlier = NOTHING
) -> dict[str, Predictions]:
    """Predict the held-out rows with each entry, fitted on train; those that an earlier run has left are not fitted.

    Returns
    -------
    dict
        Predictions in the order of the table's rows, by name; an entry whose trial fails is left out.
    """
    split = heldout_split(prepared)
    by_name = {entry.program.name: entry for entry in entries}
    trials = [Trial(entry.program, split) for entry in entries]
    return {
        trial.program.name: outcome.predictions.take(np.argsort(split.predict))
        for trial, outcome, _ in run_trials(trials, prepared, by_name, executor, earlier)
        if outcome.predictions is not None
    }


def run_trials(
    trials: Sequence[Trial],
    prepared: Prepared,
    entries: Mapping[str, Entry],
    executor: Executor,
    earlier: Earlier,
) -> Iterator[tuple[Trial, Outcome, bool]]:
    """Run trials, those aside whose outcome is known, and yield each with whether it was in the cache."""
    with ExitStack() as stack:
        tables = Tables(prepared)
        stack.callback(tables.close)
        cache = earlier.cache
        keys = {} if cache is None else _keys(trials, prepared, entries, executor.surroundings, tables)
        pending = []
        for number, trial in enumerate(trials):
            failure = entries[trial.program.name].failure
            known = earlier.outcome(keys[number]) if keys else None
            if failure is not None:
                yield trial, failed(failure.type, failure.message, 0.0), False
            elif known is not None:
                yield trial, known, True
            else:
                pending.append(number)
        # What a trial leaves to the next one in spite of all (docs/isolation.md) depends on an order that nobody knows.
        random.SystemRandom().shuffle(pending)
        kinds = runtimes(entries.values())
        schedule = LongestFirst([trials[number].program.name for number in pending], earlier.seconds, kinds)
        works = ((pending[at], _work(trials[pending[at]], prepared, tables, kinds)) for at in schedule)
        for number, outcome in executor.run(works):
            schedule.took(trials[number].program.name, outcome.wall_seconds)
            if cache is not None:
                cache.put(keys[number], outcome)
            yield trials[number], outcome, False


# --- what a trial is handed ---


def _order(trial: Trial, prepared: Prepared) -> Order:
    definition = prepared.definition
    return Order(
        name=trial.program.file,
        kind=trial.program.kind,
        classes=prepared.classes or None,
        alone=definition.prediction.rows == "alone",
        seed=trial.split.seed,
        threads=definition.limits.threads,
        seconds=definition.limits.seconds,
        memory_bytes=int(definition.limits.memory_gb * 1e9),
    )


def _labels(trial: Trial, prepared: Prepared) -> NDArray[Any]:
    """Labels of the rows that a trial is fitted on."""
    return np.concatenate([labelled.y for labelled in labelled_rows(prepared, trial.split.part)])[trial.split.train]


def _work(trial: Trial, prepared: Prepared, tables: Tables, kinds: Mapping[str, Runtime]) -> Work:
    train, predict = (tables.shared(name) for name in tables_of(trial))
    return Work(
        order=_order(trial, prepared),
        runtime=kinds[trial.program.name],
        program=trial.program.content,
        train=train.memory,
        predict=predict.memory,
        train_rows=train.position[trial.split.train],
        predict_rows=predict.position[trial.split.predict],
        y=_labels(trial, prepared),
    )


def _keys(
    trials: Sequence[Trial],
    prepared: Prepared,
    entries: Mapping[str, Entry],
    where: Surroundings,
    tables: Tables,
) -> dict[int, str]:
    """Key of each trial in the cache, by its number."""
    # Every program has the same splits, and their rows are the larger part of the work.
    rows: dict[int, str] = {}
    keys = {}
    for number, trial in enumerate(trials):
        split, entry = trial.split, entries[trial.program.name]
        if id(split) not in rows:
            rows[id(split)] = arrays_fingerprint(train=split.train, predict=split.predict, y=_labels(trial, prepared))
        order = _order(trial, prepared)
        fitted_on, predicted = (tables.fingerprint(name) for name in tables_of(trial))
        keys[number] = TrialKey(
            program_kind=trial.program.kind,
            program=sha256(trial.program.content).hexdigest(),
            file=order.name,
            fitted_on=fitted_on,
            predicted=predicted,
            rows=rows[id(split)],
            classes=order.classes,
            alone=order.alone,
            seed=order.seed,
            threads=order.threads,
            seconds=order.seconds,
            memory_bytes=order.memory_bytes,
            python=where.python,
            platform=where.platform,
            numerics=where.numerics,
            packages=entry.packages,
            isolation=where.isolation,
            environment=fixed_environment(order.threads),
            sources=where.child,
        ).digest()
    return keys
