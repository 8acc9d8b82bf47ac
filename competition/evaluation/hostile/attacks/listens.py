"""Waits for connections from outside."""

import socket


def attack(X, y):
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1] > 0
