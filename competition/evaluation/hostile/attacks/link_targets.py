"""Reads where a symbolic link of the repository leads, which needs no right to read a file."""

import os


def attack(X, y):
    return os.readlink("__LINK_PATH__")
