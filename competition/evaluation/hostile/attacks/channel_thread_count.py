"""Passes five labels on in the number of threads of the whole machine, which sysinfo tells whatever the namespace."""

import ctypes
import os
import threading
import time

STEP, PROCS = 4, 80  # threads; offset in struct sysinfo
LIBC = ctypes.CDLL(None, use_errno=True)


def count():
    info = ctypes.create_string_buffer(128)
    if LIBC.sysinfo(info) != 0:
        raise OSError(ctypes.get_errno(), "sysinfo")
    return int.from_bytes(info.raw[PROCS : PROCS + 2], "little")


prepare = count


def send(bits):
    threading.stack_size(max(64 << 10, os.sysconf("SC_THREAD_STACK_MIN")))
    for _ in range(STEP * int(bits[:5], 2)):
        threading.Thread(target=time.sleep, args=(0.6,), daemon=True).start()


def receive(before):
    n_steps = round((count() - before) / STEP)
    return f"{n_steps:05b}" if 0 < n_steps < 32 else ""
