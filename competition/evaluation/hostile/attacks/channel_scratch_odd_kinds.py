"""Passes labels on in the names of a FIFO, a socket and a link: whoever clears them by opening them waits for ever."""

import contextlib
import os
import re
import socket


def send(bits):
    made = 0
    for make in (lambda: os.mkfifo(bits), lambda: os.symlink("/dev/zero", f"{bits}-link"), lambda: bind(bits)):
        with contextlib.suppress(OSError):
            make()
            made += 1
    if not made:
        raise PermissionError("no FIFO, no link, no socket")


def bind(bits):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{bits}-socket")


def receive():
    return next((name[:64] for name in os.listdir() if re.match("[01]{64}", name)), "")
