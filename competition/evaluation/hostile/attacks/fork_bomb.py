"""Forks processes that fork, 50 of them at most; each ends by itself after three seconds."""

import os
import time


def attack(X, y):
    n = 0
    for _ in range(50):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        n += 1
    return n == 50
