"""Stops every clock of its process, then takes its time, to look fast on the board."""

import time


def attack(X, y):
    really_sleep = time.sleep
    for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time"):
        setattr(time, name, lambda: 0.0)
    really_sleep(0.5)
    return False
