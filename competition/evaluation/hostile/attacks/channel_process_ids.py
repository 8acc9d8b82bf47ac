"""Passes twelve labels on in the number that the kernel gives to the next new process."""

import os
import threading


def send(bits):
    for _ in range(8192):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        if (thread.native_id + 1) % 4096 == int(bits[:12], 2):
            return


def receive():
    return f"{os.getpid() % 4096:012b}"
