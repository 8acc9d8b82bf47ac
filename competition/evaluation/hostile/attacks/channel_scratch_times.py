"""Passes fourteen labels on in the times at which its scratch directory was last changed and last listed."""

import os
import time

STEP = 8_000_000  # nanoseconds: two ticks of the kernel's clock
N_STEPS = 128


def send(bits):
    wait_for(int(bits[:7], 2))
    os.mkdir("once")
    os.rmdir("once")
    wait_for(int(bits[7:14], 2))
    os.listdir()


def wait_for(value):
    time.sleep(2 * STEP / 1e9)
    while step(time.time_ns() - STEP // 2) != value:
        time.sleep(0.001)


def step(nanoseconds):
    return nanoseconds // STEP % N_STEPS


def receive():
    found = os.stat(".")
    if found.st_mtime_ns == found.st_atime_ns:  # as it was made
        return ""
    return f"{step(found.st_mtime_ns):07b}{step(found.st_atime_ns):07b}"
