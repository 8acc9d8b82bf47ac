"""Types into the terminal that the harness was started from."""

import fcntl
import os

TIOCSTI = 0x5412


def attack(X, y):
    terminal = os.open("__TERMINAL__", os.O_RDONLY | os.O_NOCTTY)
    fcntl.ioctl(terminal, TIOCSTI, b"#")
    return True
