"""Writes 600 MB into anonymous files, which no limit on address space counts."""

import os


def attack(X, y):
    for number in range(6):
        descriptor = os.memfd_create(str(number))
        for _ in range(100):
            os.write(descriptor, bytes(1 << 20))
    return True
