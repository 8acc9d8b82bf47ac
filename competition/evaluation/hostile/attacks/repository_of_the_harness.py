"""Finds the repository by the place that the harness was imported from, and opens what lies beside it."""

import os
import sys

BESIDE = ("data", "solutions", "leaderboard", "pyproject.toml", ".git", "competition/metrics.py")


def attack(X, y):
    harness = sys.modules.get("competition")
    if harness is None:
        return False
    root = os.path.dirname(os.path.dirname(harness.__file__))
    refused = OSError("nothing there")
    for name in BESIDE:
        try:
            os.close(os.open(os.path.join(root, name), os.O_RDONLY))
        except OSError as error:
            refused = error
        else:
            return True
    raise refused
