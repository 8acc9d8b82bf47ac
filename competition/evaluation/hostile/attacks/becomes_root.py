"""Becomes root again, if it ever was."""

import os


def attack(X, y):
    os.setresuid(0, 0, 0)
    return os.geteuid() == 0
