"""The harness's side of the workers: start them, hand out orders, collect outcomes, hold the limits.

One thread, one selector. A worker is a fresh Python that preloads libraries and forks for each trial (`child.serve`).
"""

import contextlib
import fcntl
import json
import os
import selectors
import socket
import subprocess
import time
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from competition.evaluation import wire
from competition.evaluation.child import Ended, Setting, receive, send
from competition.evaluation.claims import claimed_cores, claimed_user
from competition.evaluation.outcomes import Outcome, Runtime, Work, failed, judge, most_bytes, past_limit
from competition.evaluation.sandbox import bubblewrap
from competition.evaluation.sandbox.levels import Level, confinement, start
from competition.evaluation.surroundings import Surroundings, surroundings
from competition.evaluation.watch import empty
from competition.repository import temporary_folder

ATTEMPTS = 3
GRACE_SECONDS = 15.0
READ_BYTES = 1 << 20
PIPE_BYTES = 1 << 20
START_SECONDS = 120.0

Key = TypeVar("Key", bound=Hashable)


@dataclass
class _Running:
    """A trial under way on a worker."""

    key: Any
    work: Work
    attempt: int
    pipe: int
    started: float
    content: bytearray = field(default_factory=bytearray)
    excess: int = 0

    @property
    def age(self) -> float:
        """Seconds since it was handed out."""
        return time.monotonic() - self.started


class _Worker:
    """One worker process, with a scratch directory and, as root, a user of its own."""

    def __init__(self, cpus: list[int], threads: int, level: Level, runtime: Runtime) -> None:
        self.cpus = cpus
        self.runtime = runtime
        self.running: _Running | None = None
        self._held = ExitStack()
        self.scratch = str(self._held.enter_context(temporary_folder()))
        # The depth of what a trial left is its choice, and the standard library's way of clearing recurses.
        self._held.callback(_clear, Path(self.scratch))
        self.control, theirs = socket.socketpair()
        confined = confinement(level, self._held.enter_context(claimed_user()))
        if runtime.site_packages is not None:
            confined = replace(confined, read=(*confined.read, runtime.site_packages))
        if confined.uid is not None:
            os.chown(self.scratch, confined.uid, confined.uid)
        home = bubblewrap.SCRATCH if level == "namespaces" else self.scratch
        setting = json.dumps(asdict(Setting(confined, runtime.preload, runtime.site_packages)))
        with theirs:
            self.process = subprocess.Popen(
                start(level, ["serve", setting, str(theirs.fileno())], confined.read, runtime.site_packages is None),
                env=environment(home, threads),
                cwd=self.scratch,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the harness alone, which then ends its workers
            )

    def close(self) -> None:
        """End the worker; closing its socket makes it end its trial."""
        self.control.close()
        if self.running is not None:
            os.close(self.running.pipe)
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._held.close()


def _clear(scratch: Path) -> None:
    """Empty a scratch directory; a worker that ended by itself has removed it."""
    with contextlib.suppress(OSError):
        empty(scratch)


def environment(scratch: str, threads: int) -> dict[str, str]:
    """Return the environment of every trial."""
    return {"HOME": scratch, "TMPDIR": scratch, **fixed_environment(threads)}


def fixed_environment(threads: int) -> dict[str, str]:
    """Return the part of a trial's environment that is the same wherever its scratch directory lies."""
    count = str(threads)
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "NUMEXPR_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,
        "LOKY_MAX_CPU_COUNT": count,
        # Threads that spin while they wait starve the trial on the neighbouring core.
        "OMP_WAIT_POLICY": "PASSIVE",
        # Each thread's arena reserves address space, which the memory limit counts.
        "MALLOC_ARENA_MAX": "2",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # File locks are refused: another trial could ask for them.
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }


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
        self._workers = [_Worker(own, threads, level, runtime or Runtime()) for own in pinned]
        self._selector = selectors.DefaultSelector()

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
        self._selector.close()
        for worker in self._workers:
            worker.close()
        self._held.close()

    def run(self, works: Iterable[tuple[Key, Work]]) -> Iterator[tuple[Key, Outcome]]:
        """Run trials, in the order given, and yield each outcome when it is there.

        A worker that dies is replaced. What the machine did to a trial is never the entrant's fault: it is tried
        again, three times in all, and is an ``infrastructure`` failure then.
        """
        queue = _Queue(works)
        self._hand_out(queue)
        while busy := [worker for worker in self._workers if worker.running is not None]:
            queue.prepare()
            for worker, is_late in self._ready(busy):
                running = worker.running
                assert running is not None
                outcome = self._collect(worker, running, is_late)
                is_final = outcome.failure is None or outcome.failure.type != "infrastructure"
                if not is_final and running.attempt < ATTEMPTS:
                    queue.again(running.key, running.work, running.attempt + 1)
                # The worker goes on while its trial is scored and kept.
                self._hand_out(queue)
                if is_final or running.attempt == ATTEMPTS:
                    yield running.key, outcome

    def _hand_out(self, queue: "_Queue[Any]") -> None:
        for worker in list(self._workers):
            if worker.running is None and (waiting := queue.take()) is not None:
                self._start(self._fitting(worker, waiting[1].runtime), *waiting)

    def _fitting(self, worker: _Worker, runtime: Runtime) -> _Worker:
        """Return an idle worker, or a new one in its place where its runtime is another."""
        return worker if worker.runtime == runtime else self._replace(worker, runtime)

    def _replace(self, worker: _Worker, runtime: Runtime) -> _Worker:
        worker.close()
        new = _Worker(worker.cpus, self._threads, self._level, runtime)
        self._workers[self._workers.index(worker)] = new
        return new

    def _start(self, worker: _Worker, key: Hashable, work: Work, attempt: int) -> None:
        read, write = os.pipe()
        os.set_blocking(read, False)
        # Room for most answers, so that a trial does not wait while another one is scored.
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        labels = {"train_rows": work.train_rows, "predict_rows": work.predict_rows, "y": work.y}
        program = wire.to_memory([work.program])
        given = wire.to_memory(wire.encode(labels, {}))
        order = asdict(work.order) | {"cpus": worker.cpus}
        worker.running = _Running(key, work, attempt, read, time.monotonic())
        # A worker that is gone shows when the answer is read.
        with contextlib.suppress(BrokenPipeError):
            send(worker.control, order, [program, work.train, work.predict, given, write])
        for descriptor in (program, given, write):
            os.close(descriptor)
        self._selector.register(worker.control, selectors.EVENT_READ, worker)
        self._selector.register(read, selectors.EVENT_READ, worker)

    def _ready(self, busy: list[_Worker]) -> list[tuple[_Worker, bool]]:
        """Read what has come; return the workers whose trial has ended, and with True those that are past every limit.

        One whose end is there to be read is never late: this process may have been stopped for a while.
        """
        ended = []
        for key, _ in self._selector.select(timeout=self._patience(busy)):
            worker: _Worker = key.data
            if worker.running is None:
                continue
            if key.fileobj is worker.control:
                ended.append(worker)
            elif _drain(worker.running) is False:
                self._selector.unregister(worker.running.pipe)
        now = time.monotonic()
        late = [worker for worker in busy if worker not in ended and now > _last_moment(worker)]
        return [(worker, False) for worker in ended] + [(worker, True) for worker in late]

    def _patience(self, busy: list[_Worker]) -> float:
        return max(0.0, min(_last_moment(worker) for worker in busy) - time.monotonic())

    def _collect(self, worker: _Worker, running: _Running, is_late: bool) -> Outcome:
        """Take the end of a trial from its worker, which may have died."""
        ended = None if is_late else _end_of_trial(worker.control)
        # A stray of the trial may hold the pipe and write on.
        while not running.excess and _drain(running) is None:
            pass
        self._selector.unregister(worker.control)
        with contextlib.suppress(KeyError):
            self._selector.unregister(running.pipe)
        os.close(running.pipe)
        worker.running = None
        if ended is None:
            worker.process.kill()
            self._replace(worker, worker.runtime)
            if is_late:
                return failed("timeout", past_limit(running.work), running.age)
            return failed("infrastructure", "the worker process died", running.age)
        return judge(running.work, bytes(running.content), len(running.content) + running.excess, ended)


def _last_moment(worker: _Worker) -> float:
    """Time at which the harness no longer trusts the worker to hold the limit."""
    assert worker.running is not None
    return worker.running.started + worker.running.work.order.seconds + GRACE_SECONDS + START_SECONDS


def _end_of_trial(control: socket.socket) -> Ended | None:
    received = receive(control)
    return None if received is None else Ended(**received[0])


def _drain(running: _Running) -> bool | None:
    """Read once from the pipe; what goes past the limit is counted and thrown away.

    Returns
    -------
    bool or None
        None if more may be there at once, True if it is empty for now, False if it is closed.
    """
    try:
        part = os.read(running.pipe, READ_BYTES)
    except BlockingIOError:
        return True
    room = max(most_bytes(running.work) - len(running.content), 0)
    running.content += part[:room]
    running.excess += len(part) - len(part[:room])
    return None if part else False
