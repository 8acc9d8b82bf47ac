"""Passes labels on by which pages of an installed file are in memory; a read that must not wait tells."""

import os

PAGE, STRIDE = 4096, 64 * 4096
FILE = "__LARGE_FILE__"


def send(bits):
    descriptor = os.open(FILE, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    for number, bit in enumerate(bits[:32]):
        if bit == "1":
            os.pread(descriptor, PAGE, number * STRIDE)


def receive():
    descriptor = os.open(FILE, os.O_RDONLY)
    return "".join(in_memory(descriptor, number * STRIDE) for number in range(32))


def in_memory(descriptor, offset):
    try:
        return str(int(os.preadv(descriptor, [bytearray(PAGE)], offset, os.RWF_NOWAIT) > 0))
    except BlockingIOError:
        return "0"
