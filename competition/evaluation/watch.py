"""How a worker watches over a trial, ends it and clears up after it. The standard library alone, as in `child`."""

import contextlib
import itertools
import os
import select
import signal
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competition.evaluation.sandbox.confine import MAX_THREADS, SCRATCH_BYTES, SCRATCH_FILES

LOOK_SECONDS = 0.1
POLL_SECONDS = 0.005
FULL_BYTES = 2**20


@dataclass(frozen=True)
class End:
    """How a child process ended.

    Parameters
    ----------
    status : int
        Exit code, or less than zero: the signal.
    stopped : str or None
        ``"timeout"``, or what it used too much of; None if it ended by itself.
    usage : struct_rusage
        What it used.
    """

    status: int
    stopped: str | None
    usage: Any


class HarnessGoneError(Exception):
    """The other side of the control socket has closed it."""


class LeftoversError(Exception):
    """Something that a trial left cannot be removed, so that no other trial may follow it."""


def wait(pid: int, scratch: Path, seconds: float, control: socket.socket) -> End:
    """Wait until a trial has ended, or end it when it goes past a limit; its process group ends with it.

    Raises
    ------
    HarnessGoneError
        When the harness has gone; the trial has been ended.
    """
    deadline = time.monotonic() + seconds
    stopped = None
    with _Child(pid) as child:
        while stopped is None and not child.has_ended(control, min(max(deadline - time.monotonic(), 0), LOOK_SECONDS)):
            stopped = "timeout" if time.monotonic() >= deadline else _excess(pid, scratch)
        return child.end(stopped)


class _Child:
    """A child process, and its group."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        # macOS has no descriptor for a process.
        self._descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        self._reaped: tuple[int, Any] | None = None

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def has_ended(self, control: socket.socket, seconds: float) -> bool:
        """Wait for some seconds and tell whether it has ended."""
        waited: list[Any] = [control]
        if self._descriptor is not None:
            ready, _, _ = select.select([*waited, self._descriptor], [], [], seconds)
            is_over = self._descriptor in ready
        else:
            ready, _, _ = select.select(waited, [], [], min(seconds, POLL_SECONDS))
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            self._reaped = (status, usage) if pid else None
            is_over = pid != 0
        # Nothing is sent while a trial runs, so a readable socket is a closed one.
        if control in ready and not is_over:
            self.end(None)
            raise HarnessGoneError
        return is_over

    def end(self, stopped: str | None) -> End:
        """End it and whatever it has left behind in its group, and tell how it ended."""
        self._kill()
        if self._reaped is None:
            self._reaped = os.wait4(self._pid, 0)[1:]
        status, usage = self._reaped
        return End(os.waitstatus_to_exitcode(status), stopped, usage)

    def _kill(self) -> None:
        """It may not have made a group of its own yet; a number that was reaped may be another's."""
        for kill in (os.killpg, os.kill) if self._reaped is None else (os.killpg,):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self._pid, signal.SIGKILL)


# --- what no kernel limit of a single process holds: files, bytes on disk, threads ---


def _excess(pid: int, scratch: Path) -> str | None:
    sizes = list(itertools.islice(itertools.chain(_on_disk(scratch), _unlinked(pid)), SCRATCH_FILES + 1))
    if len(sizes) > SCRATCH_FILES:
        return f"made more than {SCRATCH_FILES:,} files"
    if None in sizes:
        return "made a folder that cannot be looked into"
    if sum(filter(None, sizes)) > SCRATCH_BYTES:
        return f"wrote more than {SCRATCH_BYTES // 2**20} MiB"
    if _threads(pid) > MAX_THREADS:
        return f"started more than {MAX_THREADS} threads"
    return None


def _on_disk(scratch: Path) -> Iterator[int | None]:
    """Bytes that each file and folder takes, None for a folder whose path is too long or that is shut."""
    folders = [str(scratch)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except FileNotFoundError:  # the trial removes things meanwhile
            continue
        except OSError:
            yield None


def _unlinked(pid: int) -> Iterator[int]:
    """Bytes of each file that a process holds open and that has no name any more."""
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    yield status.st_blocks * 512


def _threads(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[17])


# --- what the machine did to a trial ---


def kills_for_memory() -> int:
    """Number of processes that the kernel has killed on this machine for want of memory, 0 where it does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    return 0


def is_full(scratch: Path) -> bool:
    """Whether the disk has no room left although the trial has not used up its share."""
    free = os.statvfs(scratch.parent)  # where nothing holds a trial, it may have moved its folder
    return free.f_bavail * free.f_frsize < FULL_BYTES and sum(filter(None, _on_disk(scratch))) < 0.9 * SCRATCH_BYTES


# --- clearing up ---


def sweep() -> None:
    """End processes that a trial left behind; they have become the worker's children (see `confine.adopt_orphans`)."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                for child in _children(os.getpid()):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(child, signal.SIGKILL)
                os.waitpid(-1, 0)


def _children(parent: int) -> list[int]:
    """Process ids of the children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            status = (entry / "stat").read_text("ascii", errors="replace")
            if int(status.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def empty(folder: Path) -> None:
    """Remove what a trial wrote, however deep and whatever its modes.

    Folders are flattened instead of descended into, so that neither the length of a path nor the depth of recursion
    is the trial's to choose.

    Raises
    ------
    LeftoversError
        If something stays: where nothing holds a trial, it may have given things to another user.
    FileNotFoundError
        If there is no such folder.
    """
    with contextlib.suppress(PermissionError):  # the root of a namespace's mount cannot be changed, nor need it be
        os.chmod(folder, 0o700)
    try:
        while entries := list(os.scandir(folder)):
            for entry in entries:
                _remove(entry, folder)
    except PermissionError as error:
        raise LeftoversError(str(error)) from error


def _remove(entry: os.DirEntry[str], folder: Path) -> None:
    """Remove an entry of a folder; what lies two levels below moves up."""
    if not entry.is_dir(follow_symlinks=False):
        os.unlink(entry.path)
        return
    os.chmod(entry.path, 0o700)
    for inner in list(os.scandir(entry.path)):
        if inner.is_dir(follow_symlinks=False):
            os.chmod(inner.path, 0o700)  # a folder moves only where its own entry '..' may be written
            os.rename(inner.path, folder / f".podium-{os.urandom(8).hex()}")
        else:
            os.unlink(inner.path)
    os.rmdir(entry.path)
