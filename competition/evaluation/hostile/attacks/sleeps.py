"""Sleeps past the limit, in small pieces, catching whatever is raised at it."""

import time


def attack(X, y):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue
