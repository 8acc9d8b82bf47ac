"""Passes eight labels on in how much memory the machine has left, which anybody may ask for."""

import mmap
import re
import time

STEP, SIZE = 0.12, 192 << 20


def send(bits):
    started = time.monotonic()
    for number, bit in enumerate("10" + bits[:8]):
        memory = None
        if bit == "1":
            memory = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
        time.sleep(max(0, started + (number + 1) * STEP - 0.03 - time.monotonic()))
        if memory is not None:
            memory.close()
        time.sleep(max(0, started + (number + 1) * STEP - time.monotonic()))


def free():
    with open("/proc/meminfo") as file:
        return int(re.search(r"MemFree:\s+(\d+)", file.read())[1]) << 10


def prepare():
    """Takes part in what follows from here on: it must watch while the other sends."""
    samples = []
    started = time.monotonic()
    while time.monotonic() < started + 12 * STEP + 0.3:
        samples.append((time.monotonic(), free()))
        time.sleep(0.005)
    return samples


def receive(samples):
    most = max(size for _, size in samples)
    low = [when for when, size in samples if size < most - SIZE / 2]
    if not low:
        return ""
    begun = low[0]
    middle = [begun + (number + 0.35) * STEP for number in range(2, 10)]
    sizes = [min(samples, key=lambda sample: abs(sample[0] - at))[1] for at in middle]
    return "".join(str(int(size < most - SIZE / 2)) for size in sizes)
