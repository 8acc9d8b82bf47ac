"""Calls parts of the kernel that a fit never needs, and that its holes have often been in."""

import ctypes
import platform

CALLS = {"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219)}
ARGUMENTS = {
    "bpf": (0, ctypes.create_string_buffer(b"\2\0\0\0\4\0\0\0\4\0\0\0\1", 128), 72),
    "perf_event_open": (ctypes.create_string_buffer(b"\1\0\0\0\x70\0\0\0", 128), 0, -1, -1, 0),
    "userfaultfd": (1,),
    "keyctl": (0, -3, 1),
}
LIBC = ctypes.CDLL(None, use_errno=True)


def attack(X, y):
    number = CALLS["__KIND__"][platform.machine() == "aarch64"]
    if LIBC.syscall(number, *ARGUMENTS["__KIND__"]) < 0:
        raise OSError(ctypes.get_errno(), "__KIND__")
    return True
