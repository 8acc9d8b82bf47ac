"""Passes labels on by opening installed files, while the other trial watches their folder."""

import calendar
import ctypes
import os
from pathlib import Path

IN_OPEN, IN_NONBLOCK = 0x20, 0o4000
FOLDER = Path(calendar.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))[:64]
LIBC = ctypes.CDLL(None, use_errno=True)


def prepare():
    watch = LIBC.inotify_init1(IN_NONBLOCK)
    if watch < 0 or LIBC.inotify_add_watch(watch, os.fsencode(FOLDER), IN_OPEN) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    return watch


def send(bits):
    for file, bit in zip(FILES, bits, strict=True):
        if bit == "1":
            file.read_bytes()


def receive(watch):
    events = os.read(watch, 1 << 16)
    return "".join(str(int(b"\0" + os.fsencode(file.name) + b"\0" in b"\0" + events)) for file in FILES)
