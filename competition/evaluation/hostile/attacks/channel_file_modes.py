"""Passes nine labels on in the mode of an installed file."""

import os

FILE = "__UNREAD_FILES__"[0]
SENT = 0o1000  # no file has it by itself


def send(bits):
    os.chmod(FILE, SENT | int(bits[:9], 2))


def receive():
    mode = os.stat(FILE).st_mode
    return f"{mode & 0o777:09b}" if mode & SENT else ""
