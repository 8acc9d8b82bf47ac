"""Passes seven labels on in the number that the kernel gives to the next pipe; one counter serves all namespaces."""

import os

STEP, N_STEPS = 32, 128  # room for the pipes that others make in between


def send(bits):
    for _ in range(4 * STEP * N_STEPS):
        if new_number() % (STEP * N_STEPS) == STEP * int(bits[:7], 2):
            return


def new_number():
    ends = os.pipe()
    number = os.fstat(ends[0]).st_ino
    for end in ends:
        os.close(end)
    return number


def receive():
    return f"{new_number() // STEP % N_STEPS:07b}"
