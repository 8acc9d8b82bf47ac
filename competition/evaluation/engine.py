"""Run trials and bring them together: the loop of an evaluation."""

import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import competition
from competition.dataset import Prepared
from competition.definition import Competition
from competition.errors import PodiumError
from competition.evaluation.child import Order
from competition.evaluation.plan import Program, Trial, heldout_split, labelled_rows, plan, unlabelled_split
from competition.evaluation.scoring import Finished, finish, summarise
from competition.evaluation.wire import table_message, to_memory
from competition.evaluation.workers import Outcome, Pool, Work
from competition.results import Predictions, Provenance, Result, SolutionCard, TrialRecord
from competition.solution import Solution, installed_version

# What a worker may import before it forks; the threads of deep-learning libraries would not survive that.
PRELOADED = frozenset({"catboost", "imblearn", "joblib", "lightgbm", "numpy", "pandas", "scipy", "sklearn", "xgboost"})


@dataclass(frozen=True)
class Entry:
    """A program with what a result tells of it.

    Parameters
    ----------
    imports : tuple of str
        Modules that it imports, to be preloaded.
    packages : tuple of str
        Distributions whose versions decide its outcome.
    fingerprint : str
        Of its content.
    """

    program: Program
    card: SolutionCard
    imports: tuple[str, ...]
    packages: tuple[str, ...]
    fingerprint: str

    @classmethod
    def of(cls, solution: Solution) -> "Entry":
        """Make an entry of a solution's file."""
        about = solution.metadata
        card = SolutionCard(
            name=solution.name,
            origin=solution.origin,
            title=about.title,
            authors=about.authors,
            tags=about.tags,
            disclosure=about.disclosure,
            docstring=solution.docstring,
        )
        program = Program(solution.name, solution.file, "source", solution.source.encode())
        packages = tuple(requirement.name for requirement in solution.requirements)
        return cls(program, card, solution.imports, packages, solution.fingerprint)


@dataclass(frozen=True)
class TrialEnded:
    """A trial of an entry has ended."""

    entry: Entry
    record: TrialRecord


@dataclass(frozen=True)
class SolutionEnded:
    """All trials of an entry have ended."""

    entry: Entry
    result: Result


def default_jobs(definition: Competition) -> int:
    """Trials at a time that the cores of this machine can hold."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // definition.limits.threads)


def evaluate(prepared: Prepared, entries: Sequence[Entry], jobs: int) -> Iterator[TrialEnded | SolutionEnded]:
    """Evaluate entries by cross-validation and on the held-out rows.

    Parameters
    ----------
    prepared : Prepared
        The competition's data.
    entries : sequence of Entry
        What is evaluated, in this order.
    jobs : int
        Trials at a time.

    Yields
    ------
    TrialEnded or SolutionEnded
        As they come.

    Raises
    ------
    PodiumError
        If `jobs` is less than 1.
    """
    by_name = {entry.program.name: entry for entry in entries}
    trials = plan([entry.program for entry in entries], prepared)
    left = {name: sum(trial.program.name == name for trial in trials) for name in by_name}
    finished: dict[str, list[Finished]] = defaultdict(list)
    for trial, outcome in run_trials(trials, prepared, entries, jobs):
        one = finish(trial, outcome, prepared)
        entry = by_name[trial.program.name]
        finished[trial.program.name].append(one)
        yield TrialEnded(entry, one.record)
        if len(finished[trial.program.name]) == left[trial.program.name]:
            done = finished.pop(trial.program.name)
            yield SolutionEnded(entry, summarise(done, entry.card, provenance(prepared, entry), prepared))


def predict_submission(prepared: Prepared, entry: Entry, *, unlabelled: bool) -> Predictions:
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
    ((_, outcome),) = run_trials([trial], prepared, [entry], jobs=1)
    if outcome.predictions is None:
        assert outcome.failure is not None
        where = f" ({outcome.failure.traceback[-1]})" if outcome.failure.traceback else ""
        raise PodiumError(f"{entry.program.file}: {outcome.failure.type}: {outcome.failure.message}{where}")
    return outcome.predictions.take(np.argsort(split.predict))


def run_trials(
    trials: Sequence[Trial], prepared: Prepared, entries: Sequence[Entry], jobs: int
) -> Iterator[tuple[Trial, Outcome]]:
    """Run trials in children and yield them as they end."""
    if jobs < 1:
        raise PodiumError(f"--jobs: found {jobs}; allowed: 1 or more")
    with ExitStack() as stack:
        # Workers start first: they import libraries while this process encodes the features.
        threads = prepared.definition.limits.threads
        pool = stack.enter_context(Pool(min(jobs, len(trials)), threads, _preloads(entries)))
        tables: dict[str, SharedTable] = {}
        for name in {name for trial in trials for name in _tables_of(trial)}:
            tables[name] = SharedTable.of(_features(prepared, name))
            stack.callback(os.close, tables[name].memory)
        works = ((number, _work(trial, prepared, tables)) for number, trial in enumerate(trials))
        for number, outcome in pool.run(works):
            yield trials[number], outcome


def _preloads(entries: Sequence[Entry]) -> set[str]:
    return {module for entry in entries for module in entry.imports if module.split(".")[0] in PRELOADED}


@dataclass(frozen=True)
class SharedTable:
    """Features in sealed memory, in an order that is drawn anew for each run and known to the harness alone.

    A child sees which rows of the memory it is given. In the table's own order that would tell what the order tells.

    Parameters
    ----------
    memory : int
        Descriptor.
    position : ndarray of int
        Where each row of the table lies in memory.
    """

    memory: int
    position: NDArray[np.int64]

    @classmethod
    def of(cls, table: pd.DataFrame) -> "SharedTable":
        """Shuffle a table and put it into memory."""
        order = np.random.default_rng().permutation(len(table))
        return cls(to_memory(table_message(table.iloc[order])), np.argsort(order))


def _tables_of(trial: Trial) -> tuple[str, str]:
    """Names of the tables to fit on and to predict. A cross-validation trial gets train alone."""
    tables = {"cv": ("train", "train"), "heldout": ("train", "heldout"), "unlabelled": ("labelled", "unlabelled")}
    return tables[trial.split.part]


def _features(prepared: Prepared, name: str) -> pd.DataFrame:
    match name:
        case "train":
            return prepared.train.X
        case "heldout":
            return prepared.heldout.X
        case "labelled":
            return pd.concat([labelled.X for labelled in labelled_rows(prepared, "unlabelled")], ignore_index=True)
        case _:
            assert prepared.unlabelled is not None
            return prepared.unlabelled[1]


def _work(trial: Trial, prepared: Prepared, tables: Mapping[str, SharedTable]) -> Work:
    definition, split = prepared.definition, trial.split
    y = np.concatenate([labelled.y for labelled in labelled_rows(prepared, split.part)])
    order = Order(
        name=trial.program.file,
        kind=trial.program.kind,
        classes=prepared.classes or None,
        alone=definition.prediction.rows == "alone",
        seed=split.seed,
        threads=definition.limits.threads,
        seconds=definition.limits.seconds,
        memory_bytes=int(definition.limits.memory_gb * 1e9),
        cpus=[],
    )
    train, predict = (tables[name] for name in _tables_of(trial))
    return Work(
        order=order,
        program=trial.program.content,
        train=train.memory,
        predict=predict.memory,
        train_rows=train.position[split.train],
        predict_rows=predict.position[split.predict],
        y=y[split.train],
    )


def provenance(prepared: Prepared, entry: Entry) -> Provenance:
    """Tell what a result is made with, here and now."""
    names = sorted({*entry.packages, "numpy", "pandas"})
    return Provenance(
        competition_version=prepared.definition.competition.version,
        rules=prepared.definition.rules,
        data=prepared.manifest.data,
        split=prepared.manifest.split,
        solution_file=entry.fingerprint,
        podium=competition.__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        numerics=_numerics(),
        packages={name: found for name in names if (found := installed_version(name))},
        threads=prepared.definition.limits.threads,
        isolation="none",
    )


def _numerics() -> str:
    """Linear algebra library and the widest instruction set that NumPy found."""
    config = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    simd = config["SIMD Extensions"]
    widest = (simd.get("found") or simd.get("baseline") or ["none"])[-1]
    return f"{blas['name']} {blas['version']}, {widest}, {sys.byteorder}-endian"
