"""The harness's side of the workers: start them, hand out orders, collect outcomes, hold the limits.

One thread, one selector. A worker is a fresh Python that preloads libraries and forks for each trial (`child.serve`).
"""

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from competition.evaluation import wire
from competition.evaluation.child import Order, Setting, empty, receive, send
from competition.evaluation.sandbox import bubblewrap
from competition.evaluation.sandbox.levels import Level, confinement, start
from competition.evaluation.surroundings import Surroundings, surroundings
from competition.results import Failure, FailureType, Predictions

ATTEMPTS = 3
GRACE_SECONDS = 15.0
HEADER_BYTES = 256 * 1024
READ_BYTES = 1 << 20
PIPE_BYTES = 1 << 20
START_SECONDS = 120.0
TOLD_BY_TRIAL = frozenset({"memory", "error", "bad-output"})

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Runtime:
    """What a worker is started with.

    Parameters
    ----------
    preload : tuple of str
        Modules that it imports before it forks.
    site_packages : str or None
        Folder of a solution's own packages; None for the running environment's.
    """

    preload: tuple[str, ...] = ("competition.evaluation.trial",)
    site_packages: str | None = None


@dataclass(frozen=True)
class Work:
    """Everything that one trial is given.

    Parameters
    ----------
    order : Order
        What it is told.
    runtime : Runtime
        The kind of worker that it needs.
    program : bytes
        A solution's text or a pickled estimator.
    train, predict : int
        Descriptors of the features to fit on and to predict.
    train_rows, predict_rows : ndarray of int
        Rows of those features.
    y : ndarray
        Labels of `train_rows`: class codes or values.
    """

    order: Order
    runtime: Runtime
    program: bytes
    train: int
    predict: int
    train_rows: NDArray[np.int64]
    predict_rows: NDArray[np.int64]
    y: NDArray[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes, 0 for regression."""
        return len(self.order.classes or ())


@dataclass(frozen=True)
class Outcome:
    """What became of a trial; the predictions are in the order of `Work.predict_rows`."""

    predictions: Predictions | None
    failure: Failure | None
    fit_seconds: float | None
    predict_seconds: float | None
    wall_seconds: float
    peak_memory_mb: float | None


@dataclass
class _Running:
    """A trial under way on a worker."""

    key: Any
    work: Work
    attempt: int
    pipe: int
    started: float
    limit: int
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
        self.scratch = tempfile.TemporaryDirectory(prefix="podium-", ignore_cleanup_errors=True)
        self.control, theirs = socket.socketpair()
        confined = confinement(level)
        if runtime.site_packages is not None:
            confined = replace(confined, read=(*confined.read, runtime.site_packages))
        if confined.uid is not None:
            os.chown(self.scratch.name, confined.uid, confined.uid)
        home = bubblewrap.SCRATCH if level == "namespaces" else self.scratch.name
        setting = json.dumps(asdict(Setting(confined, runtime.preload, runtime.site_packages)))
        with theirs:
            self.process = subprocess.Popen(
                start(level, ["serve", setting, str(theirs.fileno())], confined.read, runtime.site_packages is None),
                env=environment(home, threads),
                cwd=self.scratch.name,
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
        # The depth of what a trial left is its choice, and the standard library's way of clearing recurses.
        with contextlib.suppress(OSError):
            empty(Path(self.scratch.name))
        self.scratch.cleanup()


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


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slots(jobs: int, threads: int) -> list[list[int]]:
    """Return the cores of each job, so that two trials never share one; empty lists where cores cannot be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(jobs)]
    cores = sorted(os.sched_getaffinity(0))
    if jobs * threads > len(cores):
        return [[] for _ in range(jobs)]
    return [cores[job * threads : (job + 1) * threads] for job in range(jobs)]


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
        Cores of each job, an empty list for any; those of `slots` if not given.

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
        pinned = slots(jobs, threads) if cpus is None else cpus
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

    def run(self, works: Iterable[tuple[Key, Work]]) -> Iterator[tuple[Key, Outcome]]:
        """Run trials, in the order given, and yield each outcome when it is there.

        A worker that dies is replaced and its trial is tried again, three times in all; that is never the entrant's
        fault and becomes an ``infrastructure`` failure.
        """
        queue = _Queue(works)
        self._hand_out(queue)
        while busy := [worker for worker in self._workers if worker.running is not None]:
            queue.prepare()
            for worker, is_late in self._ready(busy):
                running = worker.running
                assert running is not None
                outcome = self._collect(worker, running, is_late)
                if outcome is None and running.attempt < ATTEMPTS:
                    queue.again(running.key, running.work, running.attempt + 1)
                elif outcome is None:
                    outcome = failed("infrastructure", "the worker process died three times", running.age)
                # The worker goes on while its trial is scored and kept.
                self._hand_out(queue)
                if outcome is not None:
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
        limit = len(work.predict_rows) * 8 * (1 + work.n_classes) + HEADER_BYTES
        worker.running = _Running(key, work, attempt, read, time.monotonic(), limit)
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

    def _collect(self, worker: _Worker, running: _Running, is_late: bool) -> Outcome | None:
        """Take the end of a trial from its worker; None if the worker has died."""
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
            return failed("timeout", _past(running.work), running.age) if is_late else None
        return _outcome(running, ended)


def _last_moment(worker: _Worker) -> float:
    """Time at which the harness no longer trusts the worker to hold the limit."""
    assert worker.running is not None
    return worker.running.started + worker.running.work.order.seconds + GRACE_SECONDS + START_SECONDS


def _end_of_trial(control: socket.socket) -> dict[str, Any] | None:
    received = receive(control)
    return None if received is None else received[0]


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
    room = max(running.limit - len(running.content), 0)
    running.content += part[:room]
    running.excess += len(part) - len(part[:room])
    return None if part else False


def _outcome(running: _Running, ended: dict[str, Any]) -> Outcome:
    """Check what a trial returned: the harness believes nothing but bytes of the declared form."""
    spent = {"wall_seconds": float(ended["seconds"]), "peak_memory_mb": float(ended["peak_bytes"]) / 1e6}
    if ended["stopped"] == "timeout" or ended["status"] == -signal.SIGXCPU:
        return failed("timeout", _past(running.work), **spent)
    if ended["stopped"] is not None:
        return failed("crash", f"the process was ended: it {ended['stopped']}", **spent)
    if running.excess:
        size = len(running.content) + running.excess
        return failed("bad-output", f"the trial returned {size:,} bytes; allowed: {running.limit:,}", **spent)
    if ended["status"] < 0 or not running.content:
        return failed("crash", _how_it_ended(ended["status"]), **spent)
    try:
        arrays, meta = wire.decode(memoryview(bytes(running.content)), max_header=HEADER_BYTES)
        fit, predict = (_seconds(meta.get(name), spent["wall_seconds"]) for name in ("fit_seconds", "predict_seconds"))
        if "failure" in meta:
            return Outcome(None, _told(meta["failure"]), fit, predict, **spent)
        predictions = check_predictions(arrays, meta, len(running.work.predict_rows), running.work.n_classes)
    except (wire.WireError, ValueError) as error:
        return failed("bad-output", " ".join(str(error).split())[:200], **spent)
    return Outcome(predictions, None, fit, predict, **spent)


def _told(failure: Any) -> Failure:
    """Failure as the trial tells it; how its process ended is not its to say."""
    told = Failure.model_validate(failure)
    if told.type not in TOLD_BY_TRIAL:
        raise ValueError(f"the trial called its failure '{told.type}'")
    return told


def check_predictions(
    arrays: dict[str, NDArray[Any]], meta: dict[str, Any], n_rows: int, n_classes: int
) -> Predictions:
    """Take predictions out of what a trial sent.

    Raises
    ------
    ValueError
        If a dtype, a shape or a value is not what was ordered.
    """
    values = arrays.get("values")
    wanted = np.dtype(np.int32 if n_classes else np.float64)
    if values is None or values.dtype != wanted or values.shape != (n_rows,):
        raise ValueError(f"the values are not {n_rows} numbers of type {wanted}")
    if n_classes and not ((values >= 0) & (values < n_classes)).all():
        raise ValueError("a value is no class code")
    if not n_classes and not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    scores, kind = arrays.get("scores"), meta.get("score_kind")
    if scores is None:
        return Predictions(values)
    if scores.dtype != np.float64 or not np.isfinite(scores).all():
        raise ValueError("the scores are not finite numbers of type float64")
    if kind == "probability" and scores.shape == (n_rows, n_classes):
        if (scores < 0).any() or (np.abs(scores.sum(axis=1) - 1) > 1e-3).any():
            raise ValueError("the probabilities of a row are negative or do not sum to 1")
        return Predictions(values, scores, "probability")
    if kind == "decision" and scores.shape == (n_rows,) and n_classes == 2:
        return Predictions(values, scores, "decision")
    raise ValueError(f"scores of shape {scores.shape} for {n_rows} rows and {n_classes} classes")


def _seconds(value: Any, longest: float) -> float | None:
    """A duration as the child told it, which is its word alone, within what was measured outside."""
    plausible = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= longest
    return float(value) if plausible else None


def _past(work: Work) -> str:
    return f"ran past the limit of {work.order.seconds:g} s"


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    return f"the process left with exit code {status} and no predictions"


def failed(kind: FailureType, message: str, wall_seconds: float, peak_memory_mb: float | None = None) -> Outcome:
    """Return the outcome of a trial without predictions."""
    return Outcome(None, Failure(type=kind, message=message), None, None, wall_seconds, peak_memory_mb)
