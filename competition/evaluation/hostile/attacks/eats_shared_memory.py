"""Writes 600 MB into /dev/shm."""

import os

PATH = "/dev/shm/" + "__MARKER__"


def attack(X, y):
    with open(PATH, "wb") as file:
        try:
            for _ in range(600):
                file.write(bytes(1 << 20))
        finally:
            os.remove(PATH)
    return True
