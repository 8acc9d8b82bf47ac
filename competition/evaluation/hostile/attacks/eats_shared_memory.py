"""Writes 600 MB into /dev/shm."""

import os

PATH = "/dev/shm/" + "__MARKER__"


def attack(X, y):
    kept = []
    for _ in range(6):
        kept.append(os.open(PATH, os.O_CREAT | os.O_WRONLY))
        os.remove(PATH)  # it stays for as long as it is open
        for _ in range(100):
            os.write(kept[-1], bytes(1 << 20))
    return True
