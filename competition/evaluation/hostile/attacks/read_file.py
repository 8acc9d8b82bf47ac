"""Opens a file by its path: the answer key, prepared labels, another solution's cached predictions."""

from pathlib import Path

PATH = "__PATH__"


def attack(X, y):
    return Path(PATH).read_text()
