"""Connects to a Unix socket that has a name and no path, as the one of a desktop's message bus."""

import socket


def attack(X, y):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0" + "__ABSTRACT_NAME__")
        connection.sendall(b"__MARKER__")
    return True
