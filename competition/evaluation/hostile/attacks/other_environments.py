"""Reads the environment of every process."""

import contextlib
import glob
from pathlib import Path


def attack(X, y):
    for file in glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found = Path(file).read_bytes().decode(errors="replace").partition("__VARIABLE__" + "=")[2]
            if found:
                return found
    return False
