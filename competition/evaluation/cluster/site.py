"""What goes over to a worker's machine, what is kept there, and what comes back."""

import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from competition.errors import PodiumError
from competition.evaluation import outcomes, wire
from competition.evaluation.cluster.machines import Description, versions
from competition.evaluation.control import Runtime
from competition.evaluation.outcomes import Outcome, Work, failed
from competition.evaluation.workers import Pool
from competition.results import Failure

PART_BYTES = 64 * 2**20


# --- features on their way ---


class Tables:
    """Tables of features in shared memory, known by their content.

    A descriptor has to stay open as long as this is used.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def name(self, memory: int) -> str:
        """Return the name of the table behind a descriptor."""
        if memory not in self._names:
            self._names[memory] = fingerprint(_read(memory))
        return self._names[memory]

    def parts(self, name: str) -> Iterator[tuple[bytes, bool, bool]]:
        """Yield the content of a table, and with each part whether it is the first, and the last."""
        memory = next(memory for memory, known in self._names.items() if known == name)
        size = left = os.fstat(memory).st_size
        for part in _read(memory):
            is_first, left = left == size, left - len(part)
            yield part, is_first, left == 0


def fingerprint(parts: Iterable[bytes | memoryview]) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _read(memory: int) -> Iterator[bytes]:
    size = os.fstat(memory).st_size
    return (os.pread(memory, PART_BYTES, start) for start in range(0, size, PART_BYTES))


# --- on the worker's machine ---


@dataclass(frozen=True)
class Parcel:
    """A trial on its way to a worker.

    Parameters
    ----------
    work : Work
        Without descriptors. It is not shown, since dask writes what fails into the worker's log.
    train, predict : str
        SHA-256 of the tables of features.
    """

    work: Work = field(repr=False)
    train: str
    predict: str


@dataclass(frozen=True)
class Missing:
    """The answer to a parcel where features are not there yet."""

    tables: frozenset[str]


class Site:
    """What a dask worker holds for a run: features in sealed memory, and a pool of one for each of its threads.

    It lies among dask's results, which dask drops when the submitting machine has gone, however that ended.

    Parameters
    ----------
    threads : int
        Threads of a trial.
    cpus : list of int
        Cores of the trials; empty for any.
    expected : Description
        What the worker was when it was asked; another process may have its address by now.

    Raises
    ------
    PodiumError
        If this is not what is expected.
    """

    def __init__(self, threads: int, cpus: list[int], expected: Description) -> None:
        if Description.here(expected.surroundings.isolation, versions(expected.packages)) != expected:
            raise PodiumError("another process, with other versions, has its address by now")
        self._threads, self._cpus, self._expected = threads, cpus, expected
        self._tables: dict[str, int] = {}
        self._parts: dict[str, list[bytes | memoryview]] = {}
        self._own = threading.local()
        self._held = ExitStack()
        weakref.finalize(self, self._held.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Site, (self._threads, self._cpus, self._expected)  # what it holds stays on its machine

    def take(self, table: str, part: bytes, is_first: bool, is_last: bool) -> None:
        """Take a part of a table of features; seal the table after the last one.

        The first one puts away what an attempt that broke off has left.

        Raises
        ------
        ValueError
            If the table is not what its name says.
        """
        if is_first:
            self._parts[table] = []
        self._parts[table].append(part)
        if is_last:
            parts = self._parts.pop(table)
            if fingerprint(parts) != table:
                raise ValueError("a table of features was damaged on its way")
            self._tables[table] = wire.to_memory(parts)
            self._held.callback(os.close, self._tables[table])

    def perform(self, parcel: Parcel) -> Outcome | Missing:
        """Run a trial in an isolated child of this machine."""
        missing = {parcel.train, parcel.predict} - self._tables.keys()
        if missing:
            return Missing(frozenset(missing))
        folder = parcel.work.runtime.site_packages
        if folder is not None and not Path(folder).is_dir():
            why = f"the worker does not see the solution's packages in {folder}; all machines have to share that folder"
            return failed("infrastructure", why, 0.0)
        work = replace(parcel.work, train=self._tables[parcel.train], predict=self._tables[parcel.predict])
        ((_, outcome),) = self._pool(work.runtime).run([(None, work)])
        return outcome

    def _pool(self, runtime: Runtime) -> Pool:
        """Return this thread's pool; bubblewrap ends with the thread that has started it."""
        if not hasattr(self._own, "pool"):
            level = self._expected.surroundings.isolation
            pool = Pool(1, self._threads, level, runtime, cpus=[self._cpus])
            self._own.pool = self._held.enter_context(pool)
        own: Pool = self._own.pool
        return own


def take(site: str, table: str, part: bytes, is_first: bool, is_last: bool, dask_worker: Any) -> None:
    """Hand a part of a table to a site; runs on its worker."""
    found = dask_worker.data.get(site)
    if found is None:
        raise OSError("the worker has lost what it held")
    found.take(table, part, is_first, is_last)


# --- what comes back ---


def checked(answer: Any, work: Work) -> Outcome:
    """Check what came from a worker's machine as `outcomes` checks what comes from a trial.

    Raises
    ------
    ValueError
        If it is no outcome of this work.
    """
    if not isinstance(answer, Outcome) or (answer.predictions is None) == (answer.failure is None):
        raise ValueError("it answered with something else than an outcome")
    if answer.failure is not None:
        return replace(answer, failure=Failure.model_validate(answer.failure.model_dump()))
    assert answer.predictions is not None
    arrays = {"values": answer.predictions.values, "scores": answer.predictions.scores}
    meta = {"score_kind": answer.predictions.score_kind}
    present = {name: array for name, array in arrays.items() if array is not None}
    return replace(
        answer, predictions=outcomes.check_predictions(present, meta, len(work.predict_rows), work.n_classes)
    )
