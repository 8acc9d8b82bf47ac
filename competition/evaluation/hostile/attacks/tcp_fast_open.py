"""Sends over TCP without calling connect: with sendto and MSG_FASTOPEN, past rules about connections."""

import socket

MSG_FASTOPEN = 0x20000000


def attack(X, y):
    with socket.socket() as connection:
        connection.sendto(b"__MARKER__", MSG_FASTOPEN, ("127.0.0.1", "__TCP_PORT__"))
    return True
