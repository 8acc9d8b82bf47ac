"""Connects to a Unix socket by its path, as the one of a container engine."""

import os
import socket

FOLDER, NAME = os.path.split("__UNIX_PATH__")


def attack(X, y):
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.path.join(FOLDER, NAME))
        except OSError:  # a path of more than 108 bytes is too long for an address
            os.chdir(FOLDER)
            connection.connect(NAME)
        connection.sendall(b"__MARKER__")
    return True
