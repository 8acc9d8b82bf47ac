"""Sends a datagram over UDP to a server on this machine."""

import socket


def attack(X, y):
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.sendto(b"__MARKER__", ("127.0.0.1", "__UDP_PORT__"))
    return True
