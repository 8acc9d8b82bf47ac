"""What a trial does to itself before a stranger's code runs: give up rights, set limits, shut the doors.

Imported in the worker, inside bubblewrap too: the standard library alone.
"""

import contextlib
import ctypes
import math
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from competition.evaluation.sandbox import landlock, seccomp

SCRATCH_BYTES = 512 * 1024 * 1024
SCRATCH_FILES = 10_000
MAX_DESCRIPTORS = 256
MAX_THREADS = 256
CPU_GRACE_SECONDS = 5
# Of itself a process may read how large it is; CatBoost does, and others.
OWN = ("/proc/self/maps", "/proc/self/stat", "/proc/self/statm", "/proc/self/status")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_CHILD_SUBREAPER = 36
CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Confinement:
    """How a worker and its trials are confined.

    Parameters
    ----------
    level : {"namespaces", "kernel", "none"}
        What holds a trial: at both of the first Landlock and seccomp, at ``none`` limits alone.
    read : tuple of str
        Files and folders that a trial may read.
    uid : int or None
        Unprivileged user that the worker becomes; None to stay who it is.
    """

    level: str
    read: tuple[str, ...]
    uid: int | None = None


@dataclass(frozen=True)
class Limits:
    """What a trial may use: address space in bytes, wall seconds, threads."""

    memory_bytes: int
    seconds: float
    threads: int


def give_up_root(confinement: Confinement) -> None:
    """Become an unprivileged user, for good.

    Where Python lies in a folder that only root may enter, the right to read any file is kept: Landlock still holds
    what is read, and seccomp refuses the one call, ``open_by_handle_at``, that would go round it.
    """
    if confinement.uid is None:
        if sys.platform == "linux" and os.geteuid() == 0:  # of a user namespace that knows no other user
            _set_capabilities(0)
        return
    _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(confinement.uid, confinement.uid, confinement.uid)
    os.setresuid(confinement.uid, confinement.uid, confinement.uid)
    keep = 0 if all(map(_readable, confinement.read)) else 1 << CAP_DAC_READ_SEARCH
    _set_capabilities(keep)


def _readable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    return True


def _set_capabilities(mask: int) -> None:
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable; twice, for the lower and the upper 32 capabilities.
    data = struct.pack("<6I", mask, mask, 0, 0, 0, 0)
    if _LIBC is not None and _LIBC.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def prepare(confinement: Confinement) -> Confinement:
    """Do once, before the first fork, what is the same for every trial; return the confinement in its shortest form."""
    if confinement.level == "none":
        return confinement
    seccomp.prepare()
    return replace(confinement, read=tuple(landlock.outermost(confinement.read)))


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends; leave at once if that has happened already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def pin(cpus: Sequence[int]) -> None:
    """Keep this process and its children to some cores; none given, or a core that has gone since, is any core."""
    if cpus and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cpus)


def adopt_orphans() -> None:
    """Become the parent of every process that a trial leaves behind, so that it can be found (a child subreaper)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def confine(confinement: Confinement, limits: Limits, scratch: str) -> None:
    """Set the limits of this process and shut it in, for good.

    Parameters
    ----------
    scratch : str
        The one folder that it may write to.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    for what, amount, grace in _resources(confinement, limits):
        _limit(what, amount, grace)
    # A process that gave up root would hide from its worker which files it holds open.
    _prctl(PR_SET_DUMPABLE, 1)
    if confinement.level != "none":
        landlock.restrict(read=[*confinement.read, *OWN], write=[scratch, *DEVICES])
        seccomp.install()


def cpu_seconds(seconds: float, threads: int) -> int:
    """Processor time after which the kernel ends a trial: the wall clock is the limit, unless its worker is stopped."""
    return math.ceil(seconds * threads) + CPU_GRACE_SECONDS


def _resources(confinement: Confinement, limits: Limits) -> Iterable[tuple[int, int, int]]:
    """Resource, limit, and what the process itself could add to it."""
    yield resource.RLIMIT_CORE, 0, 0
    yield resource.RLIMIT_FSIZE, SCRATCH_BYTES, 0
    yield resource.RLIMIT_NOFILE, MAX_DESCRIPTORS, 0
    # The first limit sends SIGXCPU, which tells what it was for; the second cannot be caught.
    yield resource.RLIMIT_CPU, cpu_seconds(limits.seconds, limits.threads), 1
    if sys.platform == "linux":
        yield resource.RLIMIT_AS, limits.memory_bytes, 0
        if confinement.uid is not None:  # counted by user, so it holds where the user is the worker's own
            yield resource.RLIMIT_NPROC, MAX_THREADS, 0


def _limit(what: int, amount: int, grace: int) -> None:
    _, hard = resource.getrlimit(what)
    most = amount + grace
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (min(amount, most), most))


def attempt(confinement: Confinement, secret: str, scratch: str) -> None:
    """Shut this process in, for good, and reach for what it must not get.

    Raises
    ------
    OSError
        If the kernel refuses to confine it.
    RuntimeError
        If something could be reached all the same.
    """
    confine(confinement, Limits(memory_bytes=2**32, seconds=10, threads=1), scratch)
    with open(os.path.join(scratch, "allowed"), "w") as file:
        file.write("allowed")
    if confinement.level == "none":
        return
    reaches = {
        "read a file elsewhere": lambda: open(secret).close(),
        "write a file elsewhere": lambda: open(secret, "a").close(),
        "open a socket": lambda: socket.socket().close(),
        "start a process": _fork_and_leave,
    }
    for what, reach in reaches.items():
        try:
            reach()
        except OSError:
            continue
        raise RuntimeError(f"a confined process could {what}")


def _fork_and_leave() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
