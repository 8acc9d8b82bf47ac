"""Passes sixteen labels on by reading, or not reading, installed files: the time of the last access is kept of each."""

import os
import time
from pathlib import Path

FILES = "__UNREAD_FILES__"


def send(bits):
    for file, bit in zip(FILES, bits, strict=False):
        if bit == "1":
            Path(file).read_bytes()


def receive():
    return "".join(str(int(time.time() - os.stat(file).st_atime < 3600)) for file in FILES)
