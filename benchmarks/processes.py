"""Look at a command's processes while it runs: memory, shared memory and bytes moved, out of Linux's /proc."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import MeasurementError

INTERVAL = 0.05
BUBBLEWRAP = "bwrap"
MEMORY_FILES = "/memfd:"
KIB = 1024


@dataclass(frozen=True)
class Process:
    """One process of the tree.

    Parameters
    ----------
    is_trial : bool
        Whether it is a trial, or something that a trial started: forked by a worker without a program of its own.
    """

    pid: int
    is_trial: bool


@dataclass(frozen=True)
class Memory:
    """Proportional set size of a process, its private memory, and what it has mapped of shared memory, in bytes."""

    proportional: int
    private: int
    shared_memory: int


@dataclass(frozen=True)
class Sample:
    """What the processes hold at one moment, in bytes.

    Parameters
    ----------
    seconds : float
        Since the start.
    harness : int
        Proportional set size of all processes less what trials alone have, and memory that is held by descriptor.
    by_descriptor : int
        Of the harness's: anonymous files (memfd), each counted once however many processes hold it.
    trials : int
        Private memory of the trials.
    n_workers, n_trials : int
        Processes with and without a program of their own, the command itself aside.
    """

    seconds: float
    harness: int
    by_descriptor: int
    trials: int
    n_workers: int
    n_trials: int


@dataclass
class Watched:
    """What was seen while a command ran.

    Parameters
    ----------
    moved : int
        Bytes that the command itself read and wrote, files, pipes and shared memory together (rchar and wchar).
    """

    samples: list[Sample] = field(default_factory=list)
    moved: int = 0


def watch(command: Sequence[str], cwd: Path) -> Watched:
    """Run a command and sample its processes.

    Raises
    ------
    MeasurementError
        If it fails; the message ends with what it printed.
    """
    seen = Watched()
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
        while process.poll() is None:
            began = time.monotonic()
            sample = _sample(process.pid, began - started)
            if sample is not None:
                seen.samples.append(sample)
            seen.moved = max(seen.moved, _moved(process.pid))
            # Looking costs processor time, of which the command must get the larger part.
            time.sleep(max(INTERVAL, 2 * (time.monotonic() - began)))
        if process.returncode:
            printed.seek(0)
            raise MeasurementError(f"{' '.join(command)} ended with {process.returncode}:\n{printed.read()[-2_000:]}")
    return seen


def _sample(root: int, seconds: float) -> Sample | None:
    """Take one sample; None where shared pages would be counted wrongly.

    That is where a process came or went meanwhile, and where two have mapped the same shared memory.
    """
    before = list(_tree(root))
    try:
        memory = [(process, _memory(process.pid)) for process in before]
        files = _memory_files(process.pid for process in before)
    except (FileNotFoundError, ProcessLookupError):
        return None
    if list(_tree(root)) != before or sum(one.shared_memory > 0 for _, one in memory) > 1:
        return None
    of_trials = sum(one.private for process, one in memory if process.is_trial)
    return Sample(
        seconds=seconds,
        harness=sum(one.proportional for _, one in memory) - of_trials + files,
        by_descriptor=files,
        trials=of_trials,
        n_workers=sum(not process.is_trial for process in before) - 1,
        n_trials=sum(process.is_trial for process in before),
    )


def _tree(root: int) -> Iterator[Process]:
    """Yield a process and all below it."""
    waiting = [(root, b"", True, False)]
    while waiting:
        pid, program_above, is_top, in_trial = waiting.pop()
        try:
            program = Path(f"/proc/{pid}/cmdline").read_bytes()
            name = Path(f"/proc/{pid}/comm").read_text("utf-8", errors="replace").strip()
            children = [
                int(child)
                for task in os.listdir(f"/proc/{pid}/task")
                for child in Path(f"/proc/{pid}/task/{task}/children").read_text("ascii").split()
            ]
        except (FileNotFoundError, ProcessLookupError):
            continue
        # Bubblewrap forks without a new program too, to stay behind as the first process of its namespace.
        is_trial = in_trial or (program == program_above and name != BUBBLEWRAP)
        yield Process(pid, is_trial)
        # What the command itself forks is about to become something else.
        waiting += [(child, b"" if is_top else program, False, is_trial) for child in children]


def _memory(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    sizes = {name: int(amount) * KIB for name, amount in (line.split()[:2] for line in lines)}
    # One that has ended and is not reaped yet has no lines.
    private = sizes.get("Private_Clean:", 0) + sizes.get("Private_Dirty:", 0)
    return Memory(sizes.get("Pss:", 0), private, sizes.get("Pss_Shmem:", 0))


def _memory_files(pids: Iterator[int]) -> int:
    """Bytes of the anonymous files that processes hold by descriptor."""
    sizes: dict[tuple[int, int], int] = {}
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        for descriptor in os.listdir(folder):
            path = f"{folder}/{descriptor}"
            try:
                if os.readlink(path).startswith(MEMORY_FILES):
                    status = os.stat(path)
                    sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
            except FileNotFoundError:  # closed meanwhile
                continue
    return sum(sizes.values())


def _moved(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    counters = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counters["rchar"] + counters["wchar"]
