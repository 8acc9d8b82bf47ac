"""Cuts the cord to its worker, kills it, and lives on for eight seconds."""

import ctypes
import os
import signal
import time

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
LIBC = ctypes.CDLL(None)


def attack(X, y):
    worker = os.getppid()
    LIBC.prctl(PR_SET_PDEATHSIG, 0)
    LIBC.prctl(PR_SET_NAME, b"__MARKER__")
    os.kill(worker, signal.SIGKILL)
    time.sleep(8)
    return True
