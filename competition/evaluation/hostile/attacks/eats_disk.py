"""Writes 1 GB into its scratch directory, in files that are each small enough."""

import time


def attack(X, y):
    for number in range(100):
        with open(str(number), "wb", buffering=0) as file:
            for _ in range(10):
                file.write(bytes(1 << 20))
    time.sleep(1)
    return True
