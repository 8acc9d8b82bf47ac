"""Passes labels on by which pages of an installed file are in memory; the time that a read takes tells.

A file that nobody has read since the machine was started needs no call but open and read.
"""

import os
import time

STRIDE = 1 << 20
FILE = "__COLD_FILE__"


def send(bits):
    descriptor = os.open(FILE, os.O_RDONLY)
    for number, bit in enumerate(bits[:16]):
        if bit == "1":
            os.pread(descriptor, 1, number * STRIDE)


def receive():
    descriptor = os.open(FILE, os.O_RDONLY)
    took = [seconds(descriptor, number * STRIDE) for number in range(16)]
    middle = (min(took) * max(took)) ** 0.5
    return "".join(str(int(one < middle)) for one in took)


def seconds(descriptor, offset):
    started = time.perf_counter()
    os.pread(descriptor, 1, offset)
    return time.perf_counter() - started
