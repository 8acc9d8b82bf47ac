"""Reaches the answer key through the roots and working directories of all processes."""

import glob
from pathlib import Path

PATH = "__KEY_PATH__"


def attack(X, y):
    refused = OSError("no process to look through")
    for root in glob.glob("/proc/[0-9]*/root"):
        for path in (root + PATH, root.removesuffix("root") + "cwd/" + Path(PATH).name):
            try:
                return Path(path).read_text()
            except OSError as error:
                refused = error
    raise refused
