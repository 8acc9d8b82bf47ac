"""Passes four labels on in how long it computes: the processor clock of a process is for everybody to read."""

import contextlib
import os
import time

STEP = 0.01  # seconds; what a process does otherwise takes less
NEAR = 200


def clock(process):
    return time.clock_gettime(~process << 3 | 2)  # as clock_getcpuclockid makes it


def prepare():
    time.sleep(0.1)  # until the sender has done with whatever it starts with
    found = {}
    for process in range(max(2, os.getpid() - NEAR), os.getpid() + NEAR):
        with contextlib.suppress(OSError):
            if process not in (os.getpid(), os.getppid()):
                found[process] = clock(process)
    if not found:
        raise OSError("no other process has a clock")
    return found


def send(bits):
    end = time.process_time() + STEP * int(bits[:4], 2)
    while time.process_time() < end:
        pass


def receive(before):
    for process in sorted(before, key=lambda process: abs(process - os.getpid())):
        with contextlib.suppress(OSError):
            n_steps = int((clock(process) - before[process]) / STEP)
            if 0 < n_steps < 16:
                return f"{n_steps:04b}"
    return ""
