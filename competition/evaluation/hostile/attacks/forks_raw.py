"""Forks by the bare system calls, past the functions of the C library."""

import ctypes
import os
import platform
import signal

CLONE, FORK = ({"x86_64": 56, "aarch64": 220}, {"x86_64": 57})
CLONE3 = 435  # the same on every machine
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    machine = platform.machine()
    arguments = (ctypes.c_uint64 * 11)()
    arguments[4] = signal.SIGCHLD
    calls = [(CLONE[machine], signal.SIGCHLD, 0, 0, 0, 0), (CLONE3, arguments, ctypes.sizeof(arguments))]
    if machine in FORK:
        calls.append((FORK[machine],))
    refused = OSError("no way")
    for call in calls:
        process = LIBC.syscall(*call)
        if process == 0:
            os._exit(0)
        if process > 0:
            return True
        refused = OSError(ctypes.get_errno(), "clone")
    raise refused
