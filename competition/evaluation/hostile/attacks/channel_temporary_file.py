"""Passes labels on in a file outside its scratch directory, in the folders where everybody may write."""

import contextlib
import os
from pathlib import Path

PATHS = [Path(folder, "__MARKER__") for folder in ("/tmp", "/var/tmp", "/dev/mqueue", "/run/lock")]


def send(bits):
    refused = None
    for path in PATHS:
        try:
            path.write_text(bits)
            os.chmod(path, 0o666)
        except OSError as error:
            refused = error
        else:
            return
    raise refused


def receive():
    for path in PATHS:
        with contextlib.suppress(OSError):
            return path.read_text()
    return ""
