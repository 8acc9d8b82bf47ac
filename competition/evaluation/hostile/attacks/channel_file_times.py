"""Passes labels on in the time at which an installed file was last read, set with utime."""

import os

FILE = "__UNREAD_FILES__"[0]


def send(bits):
    os.utime(FILE, ns=(int(bits[:60], 2), os.stat(FILE).st_mtime_ns))


def receive():
    return f"{os.stat(FILE).st_atime_ns:060b}"
