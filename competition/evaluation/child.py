"""The worker process: it forks a child for each trial, waits, cleans up after it, and tells how it ended.

A worker imports libraries and does nothing else with them, waits for orders on its control socket, and hands each to a
fresh child, which confines itself before a stranger's code runs (`sandbox.confine`) and then does the trial (`trial`).
This module and the sandbox need the standard library alone, so that a solution's own packages are imported by nobody
but the confined child.
"""

import contextlib
import importlib
import itertools
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competition.evaluation.sandbox.confine import (
    MAX_THREADS,
    SCRATCH_BYTES,
    SCRATCH_FILES,
    Confinement,
    Limits,
    adopt_orphans,
    attempt,
    confine,
    die_with,
    give_up_root,
)
from competition.evaluation.sandbox.locks import replace_process_locks

LENGTH = struct.Struct("<I")
N_DESCRIPTORS = 5
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Order:
    """What a trial is told; what it is given comes as descriptors.

    Parameters
    ----------
    name : str
        The solution's file, as it stands in a traceback.
    kind : {"source", "pickle"}
        Whether the program is the text of a solution or a pickled estimator.
    classes : list or None
        Class labels in the competition's order, None for regression.
    alone : bool
        Whether a row's prediction must not depend on the other rows.
    seed, threads : int
        Arguments of ``make_estimator``.
    seconds : float
        Wall-clock limit.
    memory_bytes : int
        Limit of the address space.
    cpus : list of int
        Cores that the trial may use; empty for any.
    """

    name: str
    kind: str
    classes: list[Any] | None
    alone: bool
    seed: int
    threads: int
    seconds: float
    memory_bytes: int
    cpus: list[int]


@dataclass(frozen=True)
class Setting:
    """What a worker is started with.

    Parameters
    ----------
    confinement : Confinement
        Of its trials; its user is the worker's own as well.
    preload : tuple of str
        Modules to import before the first fork.
    site_packages : str or None
        Folder of a solution's own packages, seen by the confined trial alone; None for the running environment.
    """

    confinement: Confinement
    preload: tuple[str, ...]
    site_packages: str | None

    @classmethod
    def from_json(cls, text: str) -> "Setting":
        """Read what the harness wrote."""
        content = json.loads(text)
        confinement = read_confinement(content["confinement"])
        return cls(confinement, tuple(content["preload"]), content["site_packages"])


def read_confinement(content: dict[str, Any]) -> Confinement:
    """Read what the harness wrote."""
    return Confinement(content["level"], tuple(content["read"]), content["uid"])


# --- messages on the control socket, shared with the harness ---


def send(control: socket.socket, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
    """Send a JSON message, with descriptors if any."""
    body = json.dumps(message).encode()
    prefix = LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(control, [prefix], descriptors)
        control.sendall(body)
    else:
        control.sendall(prefix + body)


def receive(control: socket.socket, n_descriptors: int = 0) -> tuple[dict[str, Any], list[int]] | None:
    """Receive a message and its descriptors, None when the other side has gone."""
    try:
        prefix, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, n_descriptors)
        if len(prefix) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(prefix)
        body = bytearray()
        while len(body) < length:
            part = control.recv(length - len(body))
            if not part:
                return None
            body += part
    except ConnectionResetError:
        return None
    return json.loads(body), list(descriptors)


# --- the worker ---


def main(arguments: list[str]) -> None:
    """Run ``serve SETTING DESCRIPTOR`` or ``attempt CONFINEMENT SECRET``."""
    match arguments:
        case ["serve", setting, descriptor]:
            serve(socket.socket(fileno=int(descriptor)), Setting.from_json(setting))
        case ["attempt", confinement, secret]:
            confined = read_confinement(json.loads(confinement))
            give_up_root(confined)
            attempt(confined, secret, os.getcwd())
            print("held")


def serve(control: socket.socket, setting: Setting) -> None:
    """Import libraries, then fork a child for each order until the harness closes the socket."""
    give_up_root(setting.confinement)
    adopt_orphans()
    replace_process_locks()
    for module in setting.preload:
        # A library that cannot be imported fails in the trial that needs it, where it is told.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    while (received := receive(control, N_DESCRIPTORS)) is not None:
        message, descriptors = received
        ended = _supervise(Order(**message), descriptors, control, setting)
        with contextlib.suppress(BrokenPipeError):  # the harness has gone; the next receive ends the loop
            send(control, ended)


def _supervise(order: Order, descriptors: list[int], control: socket.socket, setting: Setting) -> dict[str, Any]:
    """Run one trial in a child and tell how it ended."""
    started = time.monotonic()
    worker = os.getpid()
    # A new folder each time: one that was emptied keeps its size and its times.
    scratch = Path.cwd() / os.urandom(8).hex()
    scratch.mkdir(mode=0o700)
    pid = os.fork()
    if pid == 0:
        control.close()
        _trial(order, worker, setting, scratch, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    stopped = _wait(pid, scratch, order.seconds, control)
    seconds = time.monotonic() - started
    _kill(pid)
    _, status, usage = os.wait4(pid, 0)
    _sweep()
    with contextlib.suppress(FileNotFoundError):  # where nothing holds a trial, it may have moved its folder
        empty(scratch)
        scratch.rmdir()
    empty(Path.cwd())
    return {
        "status": os.waitstatus_to_exitcode(status),
        "stopped": stopped,
        "seconds": seconds,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def _wait(pid: int, scratch: Path, seconds: float, control: socket.socket) -> str | None:
    """Wait until a trial has ended, and say why it must be stopped if it has to be.

    Returns
    -------
    str or None
        ``"timeout"``, or what it used too much of; None if it ended by itself.
    """
    deadline = time.monotonic() + seconds
    # macOS has no descriptor for a process.
    child = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    try:
        while not _ended(pid, child, control, min(max(deadline - time.monotonic(), 0), LOOK_SECONDS)):
            if time.monotonic() >= deadline:
                return "timeout"
            excess = _excess(pid, scratch)
            if excess is not None:
                return excess
    finally:
        if child is not None:
            os.close(child)
    return None


def _ended(pid: int, child: int | None, control: socket.socket, seconds: float) -> bool:
    """Wait for some seconds and tell whether a trial has ended; ends the worker when the harness has gone."""
    waited: list[Any] = [control] if child is None else [control, child]
    ready, _, _ = select.select(waited, [], [], min(seconds, 0.005) if child is None else seconds)
    if child is not None:
        is_over = child in ready
    else:
        # WNOWAIT leaves the child to be reaped, with its resource usage, by the caller.
        is_over = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    # Nothing is sent while a trial runs, so a readable socket is a closed one.
    if control in ready and not is_over:
        _kill(pid)
        os._exit(1)
    return is_over


def _excess(pid: int, scratch: Path) -> str | None:
    """Look at what no kernel limit of a single process holds: files, bytes on disk, threads."""
    sizes = list(itertools.islice(itertools.chain(_on_disk(scratch), _unlinked(pid)), SCRATCH_FILES + 1))
    if len(sizes) > SCRATCH_FILES:
        return f"made more than {SCRATCH_FILES:,} files"
    if sum(sizes) > SCRATCH_BYTES:
        return f"wrote more than {SCRATCH_BYTES // 2**20} MiB"
    if _threads(pid) > MAX_THREADS:
        return f"started more than {MAX_THREADS} threads"
    return None


def _on_disk(scratch: Path) -> Iterator[int]:
    """Bytes that each file and folder takes."""
    folders = [str(scratch)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


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


def _kill(pid: int) -> None:
    """End a trial and whatever it has left behind in its process group; it may not have made one yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _sweep() -> None:
    """End processes that a trial left behind; they have become the worker's children (see `adopt_orphans`)."""
    while True:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        for pid in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
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
    """Remove what a trial wrote, however deep and whatever its modes; ends the worker if something stays.

    Folders are flattened instead of descended into, so that neither the length of a path nor the depth of recursion
    is the trial's to choose.
    """
    while entries := list(os.scandir(folder)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)  # a folder moves only where its own entry '..' may be written
                    os.rename(inner.path, folder / f".podium-{os.urandom(8).hex()}")
                else:
                    os.unlink(inner.path)
            os.rmdir(entry.path)


# --- the trial ---


def _trial(order: Order, worker: int, setting: Setting, scratch: Path, descriptors: list[int]) -> None:
    """Run one trial in the forked child and leave."""
    status = 1
    try:
        os.setsid()
        die_with(worker)
        _close_standard_streams()
        os.chdir(scratch)
        os.environ |= {"HOME": str(scratch), "TMPDIR": str(scratch)}
        limits = Limits(order.memory_bytes, order.seconds, order.threads, tuple(order.cpus))
        confine(setting.confinement, limits, str(scratch))
        if setting.site_packages is not None:
            sys.path.append(setting.site_packages)
        trial = importlib.import_module("competition.evaluation.trial")
        trial.perform(order, *descriptors)
        status = 0
    finally:
        os._exit(status)


def _close_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
