"""Joins the namespaces of the harness."""

import ctypes

HARNESS = "__HARNESS__"
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    with open(f"/proc/{HARNESS}/ns/user") as namespace:
        if LIBC.setns(namespace.fileno(), 0) < 0:
            raise OSError(ctypes.get_errno(), "setns")
    return True
