"""Writes into the maintainer's terminal."""

import os


def attack(X, y):
    terminal = os.open("__TERMINAL__", os.O_WRONLY | os.O_NOCTTY)
    os.write(terminal, b"forged\n")
    return True
