"""Passes four labels on in how much memory the whole machine has promised, by asking for some and not using it."""

import mmap
import re

STEP = 32 << 20


def committed():
    with open("/proc/meminfo") as file:
        return int(re.search(r"Committed_AS:\s+(\d+)", file.read())[1]) << 10


prepare = committed


def send(bits):
    return [mmap.mmap(-1, STEP, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range(int(bits[:4], 2))]


def receive(before):
    n_steps = round((committed() - before) / STEP)
    return f"{n_steps:04b}" if 0 < n_steps < 16 else ""
