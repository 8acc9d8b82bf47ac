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
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from competition.evaluation import watch
from competition.evaluation.control import TRIAL, Descriptors, Ended, Order, Setting, confinement_from, receive, send
from competition.evaluation.reference import Reference
from competition.evaluation.sandbox.confine import (
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

BEGUN = b"\0"
MAX_WORDS = 500


@dataclass(frozen=True)
class _Place:
    """Where a trial begins: the number of its worker, its scratch directory, and where it tells how its set-up went."""

    worker: int
    scratch: Path
    words: int


def main(arguments: list[str]) -> None:
    """Run ``serve SETTING DESCRIPTOR`` or ``attempt CONFINEMENT SECRET``."""
    match arguments:
        case ["serve", setting, descriptor]:
            serve(socket.socket(fileno=int(descriptor)), Setting.from_json(setting))
        case ["attempt", confinement, secret]:
            confined = confinement_from(json.loads(confinement))
            give_up_root(confined)
            attempt(confined, secret, os.getcwd())
            print("held")


def serve(control: socket.socket, setting: Setting) -> None:
    """Import libraries, then fork a child for each order until the harness closes the socket."""
    give_up_root(setting.confinement)
    pin(setting.cpus)
    adopt_orphans()
    replace_process_locks()
    for module in setting.runtime.preload:
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
        while (received := receive(control, len(Descriptors._fields))) is not None:
            message, descriptors = received
            ended = _supervise(Order(**message), Descriptors(*descriptors), control, setting, reference)
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
    order: Order, given: Descriptors, control: socket.socket, setting: Setting, reference: Reference
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
        _trial(order, given, setting, _Place(worker, scratch, words))
    for descriptor in (*given, words):
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


def _trial(order: Order, given: Descriptors, setting: Setting, place: _Place) -> None:
    """Run one trial in the forked child and leave."""
    status = 1
    try:
        _set_up(order, setting, place)
        trial = importlib.import_module(TRIAL)
        trial.perform(order, given)
        status = 0
    finally:
        os._exit(status)


def _set_up(order: Order, setting: Setting, place: _Place) -> None:
    """Confine this process, and say that it is done, or why not."""
    scratch = str(place.scratch)
    try:
        os.setsid()
        die_with(place.worker)
        _close_standard_streams()
        os.chdir(scratch)
        os.environ |= {"HOME": scratch, "TMPDIR": scratch}
        confine(setting.confinement, Limits(order.memory_bytes, order.seconds, order.threads), scratch)
        if setting.runtime.site_packages is not None:
            sys.path.append(setting.runtime.site_packages)
    except BaseException as error:
        os.write(place.words, f"{type(error).__name__}: {error}".encode()[:MAX_WORDS])
        raise
    os.write(place.words, BEGUN)
    os.close(place.words)


def _close_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
