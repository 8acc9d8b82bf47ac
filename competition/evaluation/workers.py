"""The pool of workers: hand out trials, collect outcomes, hold the limits. One thread, one selector."""

import contextlib
import os
import selectors
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from time import monotonic
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from competition.evaluation.claims import claimed_cores
from competition.evaluation.control import Ended, Runtime
from competition.evaluation.outcomes import Outcome, Work, failed, judge, past_limit
from competition.evaluation.sandbox.levels import Level
from competition.evaluation.surroundings import Surroundings, surroundings
from competition.evaluation.worker import Running, Worker

ATTEMPTS = 3

Key = TypeVar("Key", bound=Hashable)


class _Queue(Generic[Key]):
    """Trials to come with their number of attempts, taken one by one: rows and labels of all would fill the memory."""

    def __init__(self, works: Iterable[tuple[Key, Work]]) -> None:
        self._untried = iter(works)
        self._waiting: deque[tuple[Key, Work, int]] = deque()

    def prepare(self) -> None:
        """Have one at hand for the worker that is free next."""
        if not self._waiting and (first := next(self._untried, None)) is not None:
            self._waiting.append((*first, 1))

    def take(self) -> tuple[Key, Work, int] | None:
        """Take the next one, None where there is none."""
        self.prepare()
        return self._waiting.popleft() if self._waiting else None

    def again(self, key: Key, work: Work, attempt: int) -> None:
        """Put one in front that has to be tried again."""
        self._waiting.appendleft((key, work, attempt))


class Pool:
    """Workers, one for each job.

    Parameters
    ----------
    jobs : int
        Trials at a time.
    threads : int
        Threads of a trial.
    level : {"namespaces", "kernel", "none"}
        How the trials are isolated; this machine must hold it (`levels.choose`).
    runtime : Runtime
        What the workers are started with. One that is handed a trial of another runtime is replaced.
    cpus : sequence of list of int, optional
        Cores of each job, an empty list for any; claimed ones if not given.

    Examples
    --------
    >>> with Pool(jobs=2, threads=1, level="namespaces") as pool:
    ...     for key, outcome in pool.run([("a", work)]):
    ...         print(key, outcome)
    """

    def __init__(
        self,
        jobs: int,
        threads: int,
        level: Level,
        runtime: Runtime | None = None,
        cpus: Sequence[list[int]] | None = None,
    ) -> None:
        self._threads = threads
        self._level: Level = level
        self._held = ExitStack()
        pinned = self._held.enter_context(claimed_cores(jobs, threads)) if cpus is None else cpus
        self._selector = selectors.DefaultSelector()
        self._workers: list[Worker] = []
        try:
            for own in pinned:
                self._workers.append(Worker(own, threads, level, runtime or Runtime()))
        except BaseException:
            self._close()
            raise

    @property
    def jobs(self) -> int:
        """Trials at a time."""
        return len(self._workers)

    @property
    def surroundings(self) -> Surroundings:
        """What a trial runs in."""
        return surroundings(self._level)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._selector.close()
        while self._workers:
            self._workers.pop().close()
        self._held.close()

    def run(self, works: Iterable[tuple[Key, Work]]) -> Iterator[tuple[Key, Outcome]]:
        """Run trials, in the order given, and yield each outcome when it is there.

        A worker that dies is replaced. What the machine did to a trial is never the entrant's fault: it is tried
        again, three times in all, and is an ``infrastructure`` failure then. Trials that are under way when nobody
        wants further outcomes are ended.
        """
        queue = _Queue(works)
        try:
            self._hand_out(queue)
            while busy := self._busy():
                queue.prepare()
                for worker, is_late in self._ready(busy):
                    running = worker.running
                    assert running is not None
                    ended = self._collect(worker, running, is_late)
                    # The worker goes on while its trial is judged, scored and kept.
                    self._hand_out(queue)
                    outcome = _outcome(running, ended, is_late)
                    is_final = outcome.failure is None or outcome.failure.type != "infrastructure"
                    if is_final or running.attempt == ATTEMPTS:
                        yield running.key, outcome
                    else:
                        queue.again(running.key, running.work, running.attempt + 1)
                        self._hand_out(queue)
        finally:
            for worker in self._busy():
                self._forget(worker)
                self._replace(worker, worker.runtime)

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.running is not None]

    def _hand_out(self, queue: "_Queue[Any]") -> None:
        for worker in list(self._workers):
            if worker.running is None and (waiting := queue.take()) is not None:
                self._start(self._fitting(worker, waiting[1].runtime), *waiting)

    def _fitting(self, worker: Worker, runtime: Runtime) -> Worker:
        """Return an idle worker, or a new one in its place where its runtime is another."""
        return worker if worker.runtime == runtime else self._replace(worker, runtime)

    def _replace(self, worker: Worker, runtime: Runtime) -> Worker:
        worker.close()
        new = Worker(worker.cpus, self._threads, self._level, runtime)
        self._workers[self._workers.index(worker)] = new
        return new

    def _start(self, worker: Worker, key: Hashable, work: Work, attempt: int) -> None:
        running = worker.begin(key, work, attempt)
        self._selector.register(worker.control, selectors.EVENT_READ, worker)
        self._selector.register(running.pipe, selectors.EVENT_READ, worker)

    def _ready(self, busy: list[Worker]) -> list[tuple[Worker, bool]]:
        """Read what has come; return the workers whose trial has ended, and with True those that are past every limit.

        One whose end is there to be read is never late: this process may have been stopped for a while.
        """
        ended = []
        for key, _ in self._selector.select(timeout=self._patience(busy)):
            worker: Worker = key.data
            if worker.running is None:
                continue
            if key.fileobj is worker.control:
                ended.append(worker)
            elif worker.running.drain() is False:
                self._selector.unregister(worker.running.pipe)
        now = monotonic()
        late = [worker for worker in busy if worker not in ended and now > _last_moment(worker)]
        return [(worker, False) for worker in ended] + [(worker, True) for worker in late]

    def _patience(self, busy: list[Worker]) -> float:
        return max(0.0, min(_last_moment(worker) for worker in busy) - monotonic())

    def _collect(self, worker: Worker, running: Running, is_late: bool) -> Ended | None:
        """Take the end of a trial from its worker, None from one that has died or is late; it is replaced."""
        ended = None if is_late else worker.ended()
        # A stray of the trial may hold the pipe and write on.
        while not running.excess and running.drain() is None:
            pass
        self._forget(worker)
        os.close(running.pipe)
        worker.running = None
        if ended is None:
            self._replace(worker, worker.runtime)
        return ended

    def _forget(self, worker: Worker) -> None:
        """Wait no longer for what a worker says, nor its trial, whose pipe may be closed already."""
        assert worker.running is not None
        for source in (worker.control, worker.running.pipe):
            with contextlib.suppress(KeyError):
                self._selector.unregister(source)


def _outcome(running: Running, ended: Ended | None, is_late: bool) -> Outcome:
    if is_late:
        return failed("timeout", past_limit(running.work), running.age)
    if ended is None:
        return failed("infrastructure", "the worker process died", running.age)
    return judge(running.work, bytes(running.content), len(running.content) + running.excess, ended)


def _last_moment(worker: Worker) -> float:
    assert worker.running is not None
    return worker.running.last_moment
