"""Sets the priority of the harness and of its worker, here to what it is already."""

import contextlib
import os


def attack(X, y):
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, os.getpriority(os.PRIO_PROCESS, process))
            return True
    return False
