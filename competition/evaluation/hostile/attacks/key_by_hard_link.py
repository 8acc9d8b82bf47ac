"""Gives the answer key a second name inside its scratch directory, where it may read."""

import os
from pathlib import Path


def attack(X, y):
    os.link("__KEY_PATH__", "linked")
    return Path("linked").read_text()
