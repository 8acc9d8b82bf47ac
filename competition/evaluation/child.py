"""The worker process: it forks a child for each trial, waits, cleans up after it, and tells how it ended.

A worker imports libraries and does nothing else with them, waits for orders on its control socket, and hands each to a
fresh child, which confines itself before a stranger's code runs (`sandbox.confine`) and then does the trial (`trial`).
This module, `watch` and the sandbox need the standard library alone, so that a solution's own packages are imported by
nobody but the confined child.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from competition.evaluation import watch
from competition.evaluation.reference import Reference
from competition.evaluation.sandbox.confine import (
    Confinement,
    Limits,
    adopt_orphans,
    attempt,
    confine,
    cpu_seconds,
    die_with,
    give_up_root,
    pin,
    prepare,
)
from competition.evaluation.sandbox.locks import replace_process_locks

LENGTH = struct.Struct("<I")
N_DESCRIPTORS = 5
TRIAL = "competition.evaluation.trial"
BEGUN = b"\0"
MAX_WORDS = 500


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
    """

    name: str
    kind: str
    classes: list[Any] | None
    alone: bool
    seed: int
    threads: int
    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Ended:
    """How a trial ended, as its worker saw it.

    Parameters
    ----------
    status : int
        Exit code of its process, or less than zero: the signal that ended it.
    stopped : str or None
        Why the worker ended it: ``"timeout"``, or what it used too much of.
    seconds : float
        Wall time.
    peak_bytes : int
        Largest resident memory.
    trouble : str or None
        What went wrong with the machine, so that a failure is not the solution's: it could not be set up, the kernel
        had no memory left, the disk was full.
    reference_seconds : float
        What the reference job takes on this machine at this time.
    """

    status: int
    stopped: str | None
    seconds: float
    peak_bytes: int
    trouble: str | None
    reference_seconds: float


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
    cpus : tuple of int
        Cores of the worker and its trials; empty for any. On one core an order and a fork need not wake another.
    """

    confinement: Confinement
    preload: tuple[str, ...]
    site_packages: str | None
    cpus: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> "Setting":
        """Read what the harness wrote."""
        content = json.loads(text)
        confinement = read_confinement(content["confinement"])
        return cls(confinement, tuple(content["preload"]), content["site_packages"], tuple(content["cpus"]))


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
    pin(setting.cpus)
    adopt_orphans()
    replace_process_locks()
    for module in setting.preload:
        # A library that cannot be imported fails in the trial that needs it, where it is told.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    if TRIAL in sys.modules:
        sys.modules[TRIAL].warm_up()
    setting = replace(setting, confinement=prepare(setting.confinement))
    reference = Reference()
    reference.seconds()
    # What is there now stays: a collection in a child would write to every page, and so copy them all.
    gc.collect()
    gc.freeze()
    kills = watch.kills_for_memory()
    try:
        while (received := receive(control, N_DESCRIPTORS)) is not None:
            message, descriptors = received
            ended = _supervise(Order(**message), descriptors, control, setting, reference)
            if ended.status == -signal.SIGKILL:
                before, kills = kills, watch.kills_for_memory()
                if kills > before and ended.stopped is None:
                    ended = replace(ended, trouble="the machine ran out of memory, and the kernel ended a process")
            send(control, asdict(ended))
    except (BrokenPipeError, watch.HarnessGoneError, watch.LeftoversError):
        pass  # the harness takes a new worker
    # Nobody else may be left to do it; where it cannot be done, the folder is a namespace's or gone.
    with contextlib.suppress(OSError, watch.LeftoversError):
        watch.empty(Path.cwd())
        os.rmdir(os.getcwd())


def _supervise(
    order: Order, descriptors: list[int], control: socket.socket, setting: Setting, reference: Reference
) -> Ended:
    """Run one trial in a child and tell how it ended."""
    started = time.monotonic()
    worker = os.getpid()
    # A new folder each time: one that was emptied keeps its size and its times.
    scratch = Path.cwd() / os.urandom(8).hex()
    scratch.mkdir(mode=0o700)
    report, words = os.pipe()
    pid = os.fork()
    if pid == 0:
        control.close()
        os.close(report)
        _trial(order, worker, setting, scratch, descriptors, words)
    for descriptor in (*descriptors, words):
        os.close(descriptor)
    end = watch.wait(pid, scratch, order.seconds, control)
    seconds = time.monotonic() - started
    trouble = _trouble(report, scratch) if end.stopped is None else None
    watch.sweep()
    os.close(report)
    with contextlib.suppress(FileNotFoundError):  # where nothing holds a trial, it may have moved its folder
        watch.empty(scratch)
        scratch.rmdir()
    watch.empty(Path.cwd())
    return Ended(
        status=end.status,
        stopped="timeout" if _used_up(end, order) else end.stopped,
        seconds=seconds,
        peak_bytes=end.usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        trouble=trouble,
        reference_seconds=reference.seconds(),
    )


def _trouble(report: int, scratch: Path) -> str | None:
    """Why a trial was not set up, or had no room on the disk; None where there was no such trouble."""
    os.set_blocking(report, False)
    try:
        words = os.read(report, MAX_WORDS)
    except BlockingIOError:  # a stray holds the other end; what it would have said came first
        words = BEGUN
    if words != BEGUN:
        return f"the trial could not be set up: {words.decode(errors='replace') or 'its process ended'}"
    return "the disk is full" if watch.is_full(scratch) else None


def _used_up(end: watch.End, order: Order) -> bool:
    """Whether the kernel ended a trial for the processor time that it used."""
    used = end.usage.ru_utime + end.usage.ru_stime
    is_killed = end.status in (-signal.SIGKILL, -signal.SIGXCPU)
    return end.stopped is None and is_killed and used >= cpu_seconds(order.seconds, order.threads)


# --- the trial ---


def _trial(order: Order, worker: int, setting: Setting, scratch: Path, descriptors: list[int], words: int) -> None:
    """Run one trial in the forked child and leave."""
    status = 1
    try:
        _set_up(order, worker, setting, scratch, words)
        trial = importlib.import_module(TRIAL)
        trial.perform(order, *descriptors)
        status = 0
    finally:
        os._exit(status)


def _set_up(order: Order, worker: int, setting: Setting, scratch: Path, words: int) -> None:
    """Confine this process, and say that it is done, or why not."""
    try:
        os.setsid()
        die_with(worker)
        _close_standard_streams()
        os.chdir(scratch)
        os.environ |= {"HOME": str(scratch), "TMPDIR": str(scratch)}
        limits = Limits(order.memory_bytes, order.seconds, order.threads)
        confine(setting.confinement, limits, str(scratch))
        if setting.site_packages is not None:
            sys.path.append(setting.site_packages)
    except BaseException as error:
        os.write(words, f"{type(error).__name__}: {error}".encode()[:MAX_WORDS])
        raise
    os.write(words, BEGUN)
    os.close(words)


def _close_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
