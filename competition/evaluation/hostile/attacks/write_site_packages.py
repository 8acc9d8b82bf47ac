"""Plants a file beside the installed packages, where the next Python process would run it."""

import os
import tempfile

import numpy as np


def attack(X, y):
    # Gone again at once, and of a kind that Python would not run.
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(np.__file__), prefix="__MARKER__"):
        return True
