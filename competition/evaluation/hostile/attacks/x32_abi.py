"""Opens a socket with a system call of x32, whose numbers carry one more bit."""

import ctypes

X32, SOCKET, AF_INET, SOCK_DGRAM = 0x40000000, 41, 2, 2
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    if LIBC.syscall(ctypes.c_long(X32 + SOCKET), AF_INET, SOCK_DGRAM, 0) < 0:
        raise OSError(ctypes.get_errno(), "socket by x32")
    return True
