"""Becomes the debugger of the harness, or of its worker."""

import contextlib
import ctypes
import os

PTRACE_SEIZE, PTRACE_TRACEME = 0x4206, 0
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    for process in ("__HARNESS__", os.getppid()):
        with contextlib.suppress(OSError):
            # Lets go again when this process ends.
            if LIBC.ptrace(PTRACE_SEIZE, process, None, None) == 0:
                return True
            raise OSError(ctypes.get_errno(), "ptrace")
    return False
