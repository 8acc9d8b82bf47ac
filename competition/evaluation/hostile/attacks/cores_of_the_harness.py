"""Moves the harness and its worker to other cores, here to those where they are already."""

import contextlib
import os


def attack(X, y):
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(process, os.sched_getaffinity(process))
            return True
    return False
