"""Passes labels on by locks on the bytes of an installed file, which may only be read."""

import calendar
import fcntl
import os
import struct

FILE = os.open(calendar.__file__, os.O_RDONLY)
LAYOUT = "hhqqi4x"


def send(bits):
    for place, bit in enumerate(bits):
        if bit == "1":
            fcntl.lockf(FILE, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, place)


def receive():
    return "".join(locked(place) for place in range(64))


def locked(place):
    question = struct.pack(LAYOUT, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    kind, *_ = struct.unpack(LAYOUT, fcntl.fcntl(FILE, fcntl.F_GETLK, question))
    return str(int(kind != fcntl.F_UNLCK))
