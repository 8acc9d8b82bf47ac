"""Hand trials to the workers of a cluster, collect what they came to, and try again what was lost.

Which worker gets which trial is decided here, one at a time for each slot, so that it is known how often a trial was
tried, and on what. (dask would count a death against tasks that only waited, up to a limit that is the scheduler's.)
"""

import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from competition.errors import PodiumError
from competition.evaluation.claims import claimed_cores
from competition.evaluation.cluster.assignment import Member, Trial, choose
from competition.evaluation.cluster.connection import ANSWER_SECONDS, check_address, connect, dask_module
from competition.evaluation.cluster.machines import Description, describe, refusal
from competition.evaluation.cluster.site import Missing, Parcel, Site, Tables, checked, take
from competition.evaluation.entries import Entry
from competition.evaluation.outcomes import Outcome, Work, failed
from competition.evaluation.surroundings import Surroundings
from competition.evaluation.workers import ATTEMPTS
from competition.text import clean

LOOK_SECONDS = 1.0
WAIT_SECONDS = 30.0

Key = TypeVar("Key", bound=Hashable)


class Cluster:
    """Workers on any number of machines, reached through a dask scheduler.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT`` or ``tls://HOST:PORT`` of a scheduler, or ``local:N`` for one of its own with N worker
        processes on this machine.
    threads : int
        Threads of a trial. A dask worker runs as many trials at a time as its threads hold.
    isolation : str, optional
        Level that every worker has to hold; the strongest that they hold if not given.
    wait_seconds : float
        How long to wait for a worker where there is none.
    warn : callable
        Is told why a worker that came later, or failed, gets no trials.

    Raises
    ------
    PodiumError
        If the address is malformed or does not answer, no worker comes, a worker differs from this machine or from the
        others, or dask is not installed.

    Examples
    --------
    >>> with Cluster("local:2", threads=1) as cluster:
    ...     for key, outcome in cluster.for_packages(entries).run(works):
    ...         print(key, outcome)
    """

    def __init__(
        self,
        address: str,
        threads: int,
        isolation: str | None = None,
        wait_seconds: float = WAIT_SECONDS,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        self._address, self._threads, self._isolation = address, threads, isolation
        self._wait_seconds, self._warn = wait_seconds, warn
        self._members: dict[str, Member] = {}
        self._refused: dict[str, str] = {}
        self._looked = time.monotonic()
        self._packages: dict[str, str] = {}
        self._first: tuple[str, Description] | None = None
        self._close = ExitStack()
        n_local = check_address(address)
        self._cores = deque(self._close.enter_context(claimed_cores(n_local or 0, threads)))
        try:
            self._client = connect(address, n_local, self._close)
            self._wait_for_workers(strictly=True)
        except BaseException:
            self._close.close()
            raise

    @property
    def jobs(self) -> int:
        """Trials at a time."""
        return sum(member.jobs for member in self._members.values())

    @property
    def surroundings(self) -> Surroundings:
        """What a trial runs in, the same on all workers."""
        assert self._first is not None
        return self._first[1].surroundings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close.close()

    def for_packages(self, entries: Iterable[Entry]) -> Self:
        """Make sure that every worker has the packages that some entries need, in the versions that are here.

        Raises
        ------
        PodiumError
            If one has not.
        """
        for entry in entries:
            if entry.site_packages is None:
                self._packages |= entry.packages
        for member in list(self._members.values()):
            self._drop(member)
        self._wait_for_workers(strictly=True)
        return self

    def run(self, works: Iterable[tuple[Key, Work]]) -> Iterator[tuple[Key, Outcome]]:
        """Run trials, in the order given, and yield each outcome when it is there.

        A trial whose worker dies or fails is tried on another one, three times in all; that is never the entrant's
        fault and becomes an ``infrastructure`` failure. Descriptors of features have to stay open meanwhile.

        Raises
        ------
        PodiumError
            If the scheduler has gone, or no worker is left and none comes.
        """
        untried = (Trial(key, work) for key, work in works)
        again: deque[Trial] = deque()
        under_way: dict[str, Trial] = {}
        ended: SimpleQueue[str] = SimpleQueue()
        tables = Tables()
        try:
            while True:
                if chosen := choose(again, untried, self._members, under_way.values()):
                    under_way[self._send(*chosen, tables, ended)] = chosen[0]
                elif under_way:
                    for trial in self._ended(under_way, ended):
                        outcome = self._answer(trial, tables)
                        if outcome is None and trial.tries < ATTEMPTS:
                            again.append(trial)
                        else:
                            yield trial.key, outcome or _given_up(trial)
                else:
                    again.extend(islice(untried, 1))  # it waits for a worker
                    if not again:
                        return
                    self._wait_for_workers()
        finally:
            if self._client.status == "running":
                self._client.cancel([trial.future for trial in under_way.values()])

    # --- trials ---

    def _send(self, trial: Trial, member: Member, tables: Tables, ended: "SimpleQueue[str]") -> str:
        """Send a trial to a worker and return the name under which dask knows it, which comes into `ended` with it."""
        work = replace(trial.work, train=-1, predict=-1)
        parcel = Parcel(work, tables.name(trial.work.train), tables.name(trial.work.predict))
        if member.site is None or member.site.status in ("cancelled", "error"):
            member.site = self._submit(member, Site, self._threads, member.cpus, member.description)
        trial.tries += 1
        trial.begun, trial.member, trial.trouble = time.monotonic(), member, ""
        trial.future = self._submit(member, Site.perform, member.site, parcel)
        trial.future.add_done_callback(lambda future: ended.put(future.key))
        return str(trial.future.key)

    def _submit(self, member: Member, function: Callable[..., Any], *arguments: Any) -> Any:
        name = f"podium-{uuid.uuid4().hex}"
        # A million rows and their labels are no mistake.
        with dask_module("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            return self._client.submit(function, *arguments, key=name, workers=[member.address])

    def _ended(self, under_way: dict[str, Trial], ended: "SimpleQueue[str]") -> list[Trial]:
        """Wait a while for answers, look after the workers, and take out the trials that have ended or were lost."""
        names = []
        with suppress(Empty):
            names.append(ended.get(timeout=max(0.0, self._looked + LOOK_SECONDS - time.monotonic())))
        if time.monotonic() > self._looked + LOOK_SECONDS:
            self._look()
        for name, trial in under_way.items():
            assert trial.member is not None
            if self._members.get(trial.member.address) is not trial.member:
                trial.trouble = "its worker died"
                names.append(name)
        return [under_way.pop(name) for name in dict.fromkeys(names) if name in under_way]

    def _answer(self, trial: Trial, tables: Tables) -> Outcome | None:
        """Take the answer to a trial; None if there is none and it has to be tried again."""
        try:
            answer = None if trial.trouble else trial.future.result(timeout=ANSWER_SECONDS)
            if isinstance(answer, Missing):
                self._send_tables(trial, answer.tables, tables)
                trial.tries -= 1
            elif not trial.trouble:
                return checked(answer, trial.work)
        except (dask_module("distributed").KilledWorker, CancelledError):
            trial.trouble = "its worker died"
            self._look()
        except Exception as error:  # what goes wrong on a worker's machine comes out here, and can be anything
            self._blame(trial, error)
        self._client.cancel([trial.future])  # else dask would keep it for a worker of the same address
        return None

    def _blame(self, trial: Trial, error: Exception) -> None:
        """Note that a worker failed a trial; refuse it where that lies with the machine for certain."""
        member, said = trial.member, clean(f"{type(error).__name__}: {error}")
        assert member is not None
        trial.trouble = f"its worker failed ({said})"
        trial.failed_on.add(member.address)
        self._look()
        if self._members.get(member.address) is not member:
            return  # it has gone
        # Its disk is full, or another process has its address by now; one that is slow to answer may only be busy.
        if isinstance(error, OSError | ValueError | PodiumError) and not isinstance(error, TimeoutError):
            self._refuse(member.address, f"worker {member.address} gets no more trials: {said}")
        elif not member.has_failed:
            member.has_failed = True
            self._warn(f"worker {member.address} failed a trial, which is tried again, elsewhere if possible: {said}")

    def _send_tables(self, trial: Trial, wanted: Iterable[str], tables: Tables) -> None:
        """Send a worker features that it lacks, unless another of its trials has brought that about."""
        member = trial.member
        assert member is not None
        for name in wanted:
            if member.taken.get(name, -1.0) < trial.begun:
                for part in tables.parts(name):
                    self._client.run(take, member.site.key, name, *part, workers=[member.address])
                member.taken[name] = time.monotonic()

    # --- workers ---

    def _wait_for_workers(self, strictly: bool = False) -> None:
        """Return as soon as there is a worker."""
        deadline = time.monotonic() + self._wait_seconds
        self._look(strictly)
        while not self._members:
            if time.monotonic() > deadline:
                why = "".join(f"; {line}" for line in list(self._refused.values())[-1:])
                start = "" if self._address.startswith("local:") else f"start some with `dask worker {self._address}`; "
                message = f"--cluster {self._address}: no worker within {self._wait_seconds:g} s{why}"
                raise PodiumError(message, f"{start}what has been evaluated is kept")
            time.sleep(0.2)
            self._look(strictly)

    def _look(self, strictly: bool = False) -> None:
        """Let go of the workers that have gone, and take in those that have come."""
        try:
            if self._client.status not in ("connecting", "running"):
                raise ConnectionError
            present: dict[str, int] = self._client.nthreads()
        except (OSError, RuntimeError):
            hint = "what has been evaluated is kept: run again to go on"
            raise PodiumError(f"--cluster {self._address}: the scheduler has gone", hint) from None
        for member in list(self._members.values()):
            if member.address not in present:
                self._drop(member)
        new = [address for address in present if address not in self._members and address not in self._refused]
        if new:
            self._admit(new, present, strictly)
        self._looked = time.monotonic()

    def _admit(self, addresses: list[str], n_threads: dict[str, int], strictly: bool) -> None:
        """Ask workers what they are; take in those that are like this machine, refuse the others."""
        here = Description.here("none", self._packages)
        given = (self._isolation, tuple(self._packages))
        answers = self._client.run(describe, *given, workers=addresses, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue  # it went in the meantime, or shows up again
            error = refusal(address, answer, here, self._first)
            if error is None:
                self._first = self._first or (address, answer)
                cpus = self._cores.popleft() if self._cores else []
                jobs = max(1, n_threads[address] // self._threads)
                self._members[address] = Member(address, jobs, answer, cpus)
            elif strictly:
                raise error
            else:
                self._refuse(address, str(error))

    def _refuse(self, address: str, why: str) -> None:
        self._refused[address] = why
        if address in self._members:
            self._drop(self._members[address])
        self._warn(why)

    def _drop(self, member: Member) -> None:
        del self._members[member.address]
        if member.site is not None:
            self._client.cancel([member.site])
        if member.cpus:
            self._cores.append(member.cpus)


def _given_up(trial: Trial) -> Outcome:
    why = f"tried {trial.tries} times on the cluster; the last time {trial.trouble}"
    return failed("infrastructure", why[:1000], time.monotonic() - trial.begun)
