"""Removes its own scratch directory, so that whoever clears up finds nothing to stand on."""

import os


def attack(X, y):
    scratch = os.getcwd()
    os.chdir("/")
    os.rmdir(scratch)
    return True
