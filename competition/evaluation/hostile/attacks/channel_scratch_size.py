"""Passes eight labels on in the size of its scratch directory's own list of names, which does not shrink again."""

import os

BLOCK = 4096


def send(bits):
    wanted, number = 2 + int(bits[:8], 2), 0
    while os.stat(".").st_size // BLOCK < wanted and number < 9_000:
        os.close(os.open(f"{number:0200}", os.O_CREAT))
        number += 1


def receive():
    n_blocks = os.stat(".").st_size // BLOCK
    return f"{n_blocks - 2:08b}" if n_blocks >= 2 else ""
