"""Asks for the size of the answer key, which needs no right to read it."""

import os


def attack(X, y):
    return os.stat("__KEY_PATH__").st_size > 0
