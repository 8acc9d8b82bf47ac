"""Signals the harness, its worker and every process that it can find, with a signal that all of them ignore."""

import os
import signal


def attack(X, y):
    reached = []
    for process in ("__HARNESS__", os.getppid(), *range(os.getpid() - 20, os.getpid())):
        try:
            os.kill(process, signal.SIGURG)
        except OSError:
            continue
        reached.append(process)
    return bool(reached)
