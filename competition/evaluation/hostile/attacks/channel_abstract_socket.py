"""Passes labels on through a Unix socket that has a name and no path."""

import socket
import threading

ADDRESS = "\0" + "__MARKER__"


def send(bits):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(ADDRESS)
    threading.Thread(target=answer, args=(server, bits), daemon=True).start()


def answer(server, bits):
    _, address = server.recvfrom(64)
    server.sendto(bits.encode(), address)


def receive():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.bind(ADDRESS + "-other")
        client.settimeout(1)
        client.sendto(b"?", ADDRESS)
        return client.recv(64).decode()
