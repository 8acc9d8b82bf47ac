"""Passes labels on by which pages of an installed file are in memory; a read that must not wait tells."""

import os

N_BITS, COPIES, STRIDE = 16, 3, 1 << 18
FILE = "__LARGE_FILE__"


def opened():
    descriptor = os.open(FILE, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    return descriptor


def send(bits):
    descriptor = opened()
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    for number, bit in enumerate(bits[:N_BITS] * COPIES):
        if bit == "1":
            os.pread(descriptor, 1, number * STRIDE)


def receive():
    descriptor = opened()
    found = [in_memory(descriptor, number * STRIDE) for number in range(N_BITS * COPIES)]
    return "".join(str(int(sum(found[number::N_BITS]) > COPIES / 2)) for number in range(N_BITS))


def in_memory(descriptor, offset):
    try:
        return os.preadv(descriptor, [bytearray(1)], offset, os.RWF_NOWAIT) > 0
    except BlockingIOError:
        return False
