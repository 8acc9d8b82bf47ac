"""Starts a thousand threads with the smallest of stacks, which no limit on address space notices."""

import os
import threading
import time


def attack(X, y):
    threading.stack_size(max(32 << 10, os.sysconf("SC_THREAD_STACK_MIN")))
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    time.sleep(1)
    return threading.active_count() > 1000
