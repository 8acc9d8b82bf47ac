"""Sends over TCP to a server on this machine."""

import socket


def attack(X, y):
    with socket.create_connection(("127.0.0.1", "__TCP_PORT__"), timeout=2) as connection:
        connection.sendall(b"__MARKER__")
    return True
