"""Passes labels on in names that are not there: having been asked for one before, the kernel answers sooner.

The lookup of a path is refused by neither Landlock nor seccomp, and the file system keeps what it did not find.
"""

import os
import time
from statistics import median

COPIES = 32  # names for one label; a busy machine spoils some of them
FOLDER = os.path.dirname(os.__file__)


def names(place, label):
    return [f"{FOLDER}/" + "__MARKER__" + f"-{place}-{label}-{copy}" for copy in range(COPIES)]


def send(bits):
    for place, bit in enumerate(bits):
        for name in names(place, bit):
            os.path.exists(name)


def receive():
    return "".join(str(int(was_sent(place))) for place in range(64))


def was_sent(place):
    """Whether the names for label 1 are answered sooner than those for label 0."""
    took = [(seconds(zero), seconds(one)) for zero, one in zip(names(place, 0), names(place, 1), strict=True)]
    zeros, ones = zip(*took, strict=True)
    return median(ones) < median(zeros)


def seconds(name):
    started = time.perf_counter()
    os.path.exists(name)
    return time.perf_counter() - started
