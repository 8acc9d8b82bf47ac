"""Passes nine labels on in the mode of an installed file."""

import os

FILE = "__UNREAD_FILES__"[0]


def send(bits):
    os.chmod(FILE, int(bits[:9], 2))


def receive():
    return f"{os.stat(FILE).st_mode & 0o777:09b}"
