"""Looks for the maintainer's secrets in its environment, as Python and as the kernel tell it."""

import os
from pathlib import Path


def attack(X, y):
    found = os.environ.get("__VARIABLE__")
    return found or Path("/proc/self/environ").read_text().partition("__VARIABLE__" + "=")[2]
