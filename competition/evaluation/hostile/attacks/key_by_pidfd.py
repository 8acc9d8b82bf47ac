"""Takes a copy of the harness's open answer key with pidfd_getfd."""

import ctypes
import os

PIDFD_GETFD = 438  # the same on every machine
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    harness = os.pidfd_open("__HARNESS__")
    descriptor = LIBC.syscall(PIDFD_GETFD, harness, "__KEY_DESCRIPTOR__", 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return os.pread(descriptor, 4096, 0).decode()
