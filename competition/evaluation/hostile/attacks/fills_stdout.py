"""Prints 100 MB and writes as much past Python's own streams."""

import os
import sys


def attack(X, y):
    for _ in range(50):
        print("x" * (1 << 20))
        sys.stderr.write("x" * (1 << 20))
        os.write(1, bytes(1 << 20))
        os.write(2, bytes(1 << 20))
    return False
