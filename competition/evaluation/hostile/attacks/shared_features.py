"""Changes the features that all trials share: through descriptors, through a mapping, by taking off the seals."""

import contextlib
import fcntl
import glob
import mmap
import os
import stat

HARNESS = "__HARNESS__"


def attack(X, y):
    return sum(changed(descriptor) for descriptor in descriptors()) > 0


def descriptors():
    """Those of its own, and the harness's opened anew."""
    found = list(range(3, 256))
    for link in glob.glob(f"/proc/{HARNESS}/fd/*"):
        with contextlib.suppress(OSError):
            if "memfd" in os.readlink(link):
                found.append(os.open(link, os.O_RDWR))
    return found


def changed(descriptor):
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.fstat(descriptor).st_nlink:
            return False
    except OSError:
        return False
    for change in (by_writing, by_mapping, by_resizing):
        with contextlib.suppress(OSError, ValueError):
            change(descriptor)
            return True
    return False


def by_writing(descriptor):
    os.pwrite(descriptor, b"forged", 0)


def by_mapping(descriptor):
    with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ | mmap.PROT_WRITE) as memory:
        memory[:6] = b"forged"


def by_resizing(descriptor):
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, 0)
    os.ftruncate(descriptor, 4096)
