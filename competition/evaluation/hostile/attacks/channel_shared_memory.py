"""Passes labels on in shared memory that has a name, a file in /dev/shm."""

import os
from pathlib import Path

PATH = Path("/dev/shm", "__MARKER__")


def send(bits):
    PATH.write_text(bits)
    os.chmod(PATH, 0o666)


def receive():
    return PATH.read_text()
