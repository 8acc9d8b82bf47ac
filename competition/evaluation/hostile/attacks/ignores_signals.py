"""Ignores and blocks every signal that can be, then sleeps."""

import contextlib
import signal
import time


def attack(X, y):
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, lambda *arguments: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(60)
