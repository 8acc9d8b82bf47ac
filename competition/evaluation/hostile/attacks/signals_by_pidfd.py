"""Signals the harness and its worker through descriptors of their processes."""

import contextlib
import os
import signal


def attack(X, y):
    reached = []
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(os.pidfd_open(process), signal.SIGURG)
            reached.append(process)
    return bool(reached)
