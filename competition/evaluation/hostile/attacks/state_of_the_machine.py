"""Asks what the whole machine does, or the process above it: that changes with what the trials beside it do."""

import ctypes
import os
import time
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)


def sysinfo():
    if LIBC.sysinfo(ctypes.create_string_buffer(128)) != 0:
        raise OSError(ctypes.get_errno(), "sysinfo")


ASK = {
    "sysinfo": sysinfo,
    "memory": Path("/proc/meminfo").read_text,
    "processor time": Path("/proc/stat").read_text,
    "load": Path("/proc/loadavg").read_text,
    "paging": Path("/proc/vmstat").read_text,
    "clock of its parent": lambda: time.clock_gettime(~os.getppid() << 3 | 2),  # as clock_getcpuclockid makes it
}


def attack(X, y):
    ASK["__KIND__"]()
    return True
