"""Opens the same device 5,000 times, after raising its limit."""

import contextlib
import os
import resource


def attack(X, y):
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    return len([os.open("/dev/null", os.O_RDONLY) for _ in range(5000)]) == 5000
