"""Time a command as a whole process."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import MeasurementError

TAIL = 2_000


def timed(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Run a command on a terminal of its own, as a user would, and return the seconds until it has ended.

    Raises
    ------
    MeasurementError
        If it fails; the message ends with what it printed.
    """
    ours, theirs = os.openpty()
    printed = bytearray()
    reader = threading.Thread(target=_drain, args=(ours, printed))
    reader.start()
    # A user's second run finds its modules compiled, whatever the shell that measures forbids.
    wanted = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(env or {})
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=wanted, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    process.wait()
    seconds = time.perf_counter() - started
    reader.join()
    os.close(ours)
    if process.returncode:
        raise MeasurementError(f"{' '.join(command)} ended with {process.returncode}:\n{printed.decode()[-TAIL:]}")
    return seconds


def _drain(terminal: int, printed: bytearray) -> None:
    """Read until the other side is closed, which a terminal tells by an error."""
    try:
        while part := os.read(terminal, 1 << 16):
            printed += part
    except OSError:
        return
