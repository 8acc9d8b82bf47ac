"""Points a symbolic link in its scratch directory at the answer key and reads through it."""

import os
from pathlib import Path


def attack(X, y):
    os.symlink("__KEY_PATH__", "link")
    return Path("link").read_text()
