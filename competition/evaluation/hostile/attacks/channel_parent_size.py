"""Passes three labels on in the size of the folder above its scratch directory, through which its folders are cleared.

Such a list of names does not shrink again, and asking for its size needs no right to read it.
"""

import os

BLOCK, STEP = 4096, 3


def send(bits):
    wanted, number = STEP * (1 + int(bits[:3], 2)), 0
    while os.stat(".").st_size // BLOCK < wanted and number < 4_000:
        os.mkdir(f"{number:024}")
        number += 1


def receive():
    n_blocks = os.stat("..").st_size // BLOCK
    return f"{round(n_blocks / STEP) - 1:03b}" if n_blocks > 1 else ""
