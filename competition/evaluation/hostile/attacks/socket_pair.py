"""Makes a pair of sockets, through which descriptors can be handed on."""

import socket


def attack(X, y):
    one, other = socket.socketpair()
    socket.send_fds(one, [b"x"], [0])
    return len(socket.recv_fds(other, 1, 1)[1]) == 1
