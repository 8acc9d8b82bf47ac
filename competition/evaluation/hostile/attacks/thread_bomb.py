"""Starts a thousand threads, and would rather die than have fewer."""

import threading
import time


def attack(X, y):
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    time.sleep(1)
    return threading.active_count() > 1000
