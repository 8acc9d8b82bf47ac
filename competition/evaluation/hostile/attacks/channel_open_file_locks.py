"""Passes labels on by locks of open file descriptions on the bytes of an installed file."""

import calendar
import fcntl
import os
import struct

F_OFD_GETLK, F_OFD_SETLK = 36, 37
FILE = os.open(calendar.__file__, os.O_RDONLY)
LAYOUT = "hhqqi4x"


def send(bits):
    for place, bit in enumerate(bits):
        if bit == "1":
            fcntl.fcntl(FILE, F_OFD_SETLK, struct.pack(LAYOUT, fcntl.F_RDLCK, os.SEEK_SET, place, 1, 0))


def receive():
    return "".join(locked(place) for place in range(64))


def locked(place):
    question = struct.pack(LAYOUT, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    kind, *_ = struct.unpack(LAYOUT, fcntl.fcntl(FILE, F_OFD_GETLK, question))
    return str(int(kind != fcntl.F_UNLCK))
