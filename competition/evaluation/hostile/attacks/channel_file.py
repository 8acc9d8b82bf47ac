"""Passes labels on in a file in a folder that more than one trial may see."""

import contextlib
import os
from pathlib import Path

NAME = "__MARKER__"
FOLDERS = "__FOLDERS__"


def send(bits):
    refused = None
    for folder in FOLDERS:
        try:
            Path(folder, NAME).write_text(bits)
            os.chmod(Path(folder, NAME), 0o666)
        except OSError as error:
            refused = error
        else:
            return
    raise refused


def receive():
    for folder in FOLDERS:
        with contextlib.suppress(OSError):
            return Path(folder, NAME).read_text()
    return ""
