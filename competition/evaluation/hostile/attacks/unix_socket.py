"""Connects to a Unix socket by its path, as the one of a container engine."""

import socket


def attack(X, y):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("__UNIX_PATH__")
        connection.sendall(b"__MARKER__")
    return True
