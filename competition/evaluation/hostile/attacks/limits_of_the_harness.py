"""Sets the limits of the harness and of its worker, here to what they are already."""

import contextlib
import os
import resource


def attack(X, y):
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError):
            resource.prlimit(process, resource.RLIMIT_NOFILE, resource.prlimit(process, resource.RLIMIT_NOFILE))
            return True
    return False
