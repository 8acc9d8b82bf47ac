"""Takes away every right to its scratch directory, so that nobody can clear it."""

import os


def attack(X, y):
    os.mkdir("kept")
    os.chmod(".", 0)
    return True
