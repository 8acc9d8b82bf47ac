"""What an attack needs that searches its own memory: where that lies.

Where /proc/self/maps is out of reach, it finds out by asking the kernel, page by page around addresses that it knows,
whether the name of a file could be read from there.
"""

import ctypes
import errno
from pathlib import Path

import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)
PAGE, AROUND, WINDOW = 4096, 1 << 28, 1 << 24


def windows():
    """Copies of all readable memory, at most 16 MB at a time."""
    for start, end in regions():
        for at in range(start, end, WINDOW):
            size = min(end - at, WINDOW)
            yield bytes((ctypes.c_char * size).from_address(at))


def regions():
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return regions_by_asking()
    fields = [line.split() for line in lines]
    spans = [tuple(int(end, 16) for end in field[0].split("-")) for field in fields if field[1].startswith("r")]
    return [(start, end) for start, end in spans if end < 1 << 63 and readable(start) and readable(end - PAGE)]


def regions_by_asking():
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
