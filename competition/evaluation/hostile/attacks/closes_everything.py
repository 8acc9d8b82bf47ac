"""Closes every descriptor, the one for its answer among them."""

import os


def attack(X, y):
    os.closerange(0, 4096)
    return False
