"""One worker: a fresh Python that preloads libraries and forks for each trial (`child.serve`), from outside."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from competition.evaluation import wire
from competition.evaluation.claims import claimed_user
from competition.evaluation.control import Descriptors, Ended, Runtime, Setting, receive, send
from competition.evaluation.outcomes import Work, most_bytes
from competition.evaluation.sandbox import bubblewrap
from competition.evaluation.sandbox.levels import Level, confinement, start
from competition.evaluation.watch import LeftoversError, empty
from competition.repository import temporary_folder

GRACE_SECONDS = 15.0
START_SECONDS = 120.0
READ_BYTES = 1 << 20
PIPE_BYTES = 1 << 20


@dataclass
class Running:
    """A trial under way on a worker, and what has come down its pipe."""

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

    @property
    def last_moment(self) -> float:
        """Time at which the harness no longer trusts the worker to hold the limit."""
        return self.started + self.work.order.seconds + GRACE_SECONDS + START_SECONDS

    def drain(self) -> bool | None:
        """Read once from the pipe; what goes past the limit is counted and thrown away.

        Returns
        -------
        bool or None
            None if more may be there at once, True if it is empty for now, False if it is closed.
        """
        try:
            part = os.read(self.pipe, READ_BYTES)
        except BlockingIOError:
            return True
        room = max(most_bytes(self.work) - len(self.content), 0)
        self.content += part[:room]
        self.excess += len(part) - len(part[:room])
        return None if part else False


class Worker:
    """One worker process, with a scratch directory and, as root, a user of its own."""

    def __init__(self, cpus: list[int], threads: int, level: Level, runtime: Runtime) -> None:
        self.cpus = cpus
        self.runtime = runtime
        self.running: Running | None = None
        own = () if runtime.site_packages is None else (runtime.site_packages,)
        with ExitStack() as held:
            user = held.enter_context(claimed_user((*bubblewrap.readable(), *own)))
            confined = confinement(level, user)
            confined = replace(confined, read=(*confined.read, *own))
            home = bubblewrap.SCRATCH if level == "namespaces" else str(held.enter_context(_scratch_of(user)))
            self.control, theirs = socket.socketpair()
            setting = json.dumps(asdict(Setting(confined, runtime, tuple(cpus))))
            with theirs:
                self.process = subprocess.Popen(
                    start(level, ["serve", setting, str(theirs.fileno())], confined.read, not own),
                    env=environment(home, threads),
                    cwd="/" if level == "namespaces" else home,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C reaches the harness alone, which then ends its workers
                )
            self._held = held.pop_all()

    def begin(self, key: Any, work: Work, attempt: int) -> Running:
        """Hand it a trial."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        # Room for most answers, so that a trial does not wait while another one is scored.
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        labels = {"train_rows": work.train_rows, "predict_rows": work.predict_rows, "y": work.y}
        given = Descriptors(
            program=wire.to_memory([work.program]),
            train=work.train,
            predict=work.predict,
            labels=wire.to_memory(wire.encode(labels, {})),
            pipe=write,
        )
        self.running = Running(key, work, attempt, read, time.monotonic())
        # A worker that is gone shows when the answer is read.
        with contextlib.suppress(BrokenPipeError):
            send(self.control, asdict(work.order), list(given))
        for descriptor in (given.program, given.labels, given.pipe):
            os.close(descriptor)
        return self.running

    def ended(self) -> Ended | None:
        """How its trial ended, None if the worker itself has died."""
        received = receive(self.control)
        return None if received is None else Ended(**received[0])

    def close(self) -> None:
        """End the worker; closing its socket makes it end its trial."""
        self.control.close()
        if self.running is None:
            self._kill()  # it may be importing for seconds to come
        else:
            os.close(self.running.pipe)
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait()
        self._held.close()

    def _kill(self) -> None:
        """End the worker, and what bubblewrap started beside it, which in its first moments would not end with it."""
        if self.process.returncode is None:  # its number is nobody else's
            with contextlib.suppress(PermissionError):  # macOS refuses a group that has ended
                os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.contextmanager
def _scratch_of(user: int | None) -> Iterator[Path]:
    """Give a scratch directory that belongs to a user, this one for None; one that the worker has removed is gone."""
    with temporary_folder() as scratch:
        if user is not None:
            os.chown(scratch, user, user)
        try:
            yield scratch
        finally:
            # The depth of what a trial left is its choice, and the standard library's way of clearing recurses.
            with contextlib.suppress(OSError, LeftoversError):
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
