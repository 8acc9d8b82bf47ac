"""Stops its own process, which then neither runs nor ends."""

import os
import signal


def attack(X, y):
    os.kill(os.getpid(), signal.SIGSTOP)
    return False
