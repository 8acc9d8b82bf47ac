"""Passes labels on by which pages of an installed file are in memory; the time that a read takes tells.

A file that nobody has read since the machine was started needs no call but open and read.
"""

import os
import time

PAGE, STRIDE, COPIES = 4096, 64 * 4096, 3
FILE = "__COLD_FILE__"


def send(bits):
    descriptor = os.open(FILE, os.O_RDONLY)
    for number, bit in enumerate(bits[:16] * COPIES):
        if bit == "1":
            os.pread(descriptor, PAGE, number * STRIDE)


def receive():
    descriptor = os.open(FILE, os.O_RDONLY)
    took = [seconds(descriptor, number * STRIDE) for number in range(16 * COPIES)]
    middle = (min(took) * max(took)) ** 0.5
    votes = [sum(took[number + 16 * copy] < middle for copy in range(COPIES)) for number in range(16)]
    return "".join(str(int(2 * vote > COPIES)) for vote in votes)


def seconds(descriptor, offset):
    started = time.perf_counter()
    os.pread(descriptor, 1, offset)
    return time.perf_counter() - started
