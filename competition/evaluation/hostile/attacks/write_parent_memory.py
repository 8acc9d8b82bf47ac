"""Writes into the harness's memory, through /proc/PID/mem and with process_vm_writev."""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
TEXT = b"forged!"


class Span(ctypes.Structure):
    """Where some memory lies."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attack(X, y):
    try:
        with open("/proc/" + "__HARNESS__" + "/mem", "r+b", buffering=0) as memory:
            memory.seek("__WRITABLE_ADDRESS__")
            memory.write(TEXT)
    except OSError:
        mine = ctypes.create_string_buffer(TEXT)
        of, to = Span(ctypes.addressof(mine), len(TEXT)), Span("__WRITABLE_ADDRESS__", len(TEXT))
        if LIBC.process_vm_writev("__HARNESS__", ctypes.byref(of), 1, ctypes.byref(to), 1, 0) < 0:
            raise OSError(ctypes.get_errno(), "process_vm_writev") from None
    return True
