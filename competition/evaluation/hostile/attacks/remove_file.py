"""Removes the answer key, and truncates it where that is refused."""

import os


def attack(X, y):
    try:
        os.remove("__KEY_PATH__")
    except OSError:
        os.truncate("__KEY_PATH__", 0)
    return True
