"""Starts a thousand threads with the smallest of stacks, which no limit on address space notices."""

import threading
import time


def attack(X, y):
    threading.stack_size(32 << 10)
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    time.sleep(1)
    return threading.active_count() > 1000
