"""Passes nine labels on in the number that the kernel gives to the next new process."""

import os
import threading

STEP, N_STEPS = 8, 512  # room for a few processes that others start in between


def send(bits):
    for _ in range(2 * STEP * N_STEPS):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        if thread.native_id % (STEP * N_STEPS) == STEP * int(bits[:9], 2):
            return


def receive():
    return f"{os.getpid() // STEP % N_STEPS:09b}"
