"""Searches its whole memory for features of rows that it was not given.

Where /proc/self/maps is out of reach it finds its own memory by asking the kernel, page by page around addresses that
it knows, whether a path may be read from there.
"""

import ctypes
import errno
from pathlib import Path

import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)
PAGE, AROUND = 4096, 1 << 28
# Such features carry this number, disguised so that it does not find itself.
DISGUISED, MASK = np.uint64("__DISGUISED__"), np.uint64(0x5555555555555555)


def attack(X, y):
    return any(holds(start, end) for start, end in regions())


def holds(start, end):
    words = np.frombuffer((ctypes.c_char * (end - start)).from_address(start), np.uint64)
    return any((words[at : at + 4096] ^ MASK == DISGUISED).any() for at in range(0, len(words), 4096))


def regions():
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return by_asking()
    fields = [line.split() for line in lines]
    spans = [tuple(int(end, 16) for end in field[0].split("-")) for field in fields if field[1].startswith("r")]
    return [(start, end) for start, end in spans if end < 1 << 47 and readable(start) and readable(end - PAGE)]


def by_asking():
    known = {id(object()), np.zeros(1 << 20).ctypes.data, ctypes.cast(LIBC.malloc, ctypes.c_void_p).value}
    pages = np.array([at for at in sorted({at for place in known for at in near(place)}) if readable(at)])
    runs = np.split(pages, np.flatnonzero(np.diff(pages) > PAGE) + 1)
    return [(int(run[0]), int(run[-1]) + PAGE) for run in runs if len(run)]


def near(place):
    first = (place - AROUND) // PAGE * PAGE
    return range(max(first, PAGE), first + 2 * AROUND, PAGE)


def readable(address):
    ctypes.set_errno(0)
    LIBC.access(ctypes.c_void_p(address), 0)
    return ctypes.get_errno() != errno.EFAULT
