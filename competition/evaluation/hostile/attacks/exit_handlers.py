"""Registers work for after its end, and a thread that goes on writing to every descriptor."""

import atexit
import contextlib
import os
import threading


def write():
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"forged")


def write_on():
    answered.wait()
    while True:
        write()


answered = threading.Event()


class Estimator:
    def fit(self, X, y):
        atexit.register(write)
        threading.Thread(target=write_on, daemon=True).start()
        return self

    def predict(self, X):
        answered.set()
        return [0] * len(X)


def make_estimator(random_state, n_threads):
    return Estimator()
