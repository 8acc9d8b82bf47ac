"""Makes 12,000 empty files and folders in its scratch directory."""

import os
import time


def attack(X, y):
    for folder in range(12):
        os.mkdir(str(folder))
        for number in range(1000):
            os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_WRONLY))
    time.sleep(1)
    return True
