"""Leaves a process behind, in a session of its own, that would live on for eight seconds."""

import ctypes
import os
import time

PR_SET_NAME = 15


def attack(X, y):
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_NAME, b"__MARKER__")
        if os.fork() == 0:
            time.sleep(8)
        os._exit(0)
    os.wait()
    return False
