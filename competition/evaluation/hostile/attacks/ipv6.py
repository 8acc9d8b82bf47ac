"""Sends a datagram over IPv6, which rules for IPv4 forget."""

import socket


def attack(X, y):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"__MARKER__", ("::1", "__IPV6_PORT__"))
    return True
