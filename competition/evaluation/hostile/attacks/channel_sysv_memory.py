"""Passes labels on in shared memory of System V, which outlives its process."""

import ctypes

KEY, SIZE, CREATE, REMOVE = "__IPC_KEY__", 64, 0o1666, 0
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_void_p


def call(name, *arguments):
    result = getattr(LIBC, name)(*arguments)
    if result in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), name)
    return result


def send(bits):
    address = call("shmat", call("shmget", KEY, SIZE, CREATE), None, 0)
    ctypes.memmove(address, bits.encode(), SIZE)


def receive():
    segment = call("shmget", KEY, SIZE, 0)
    return ctypes.string_at(call("shmat", segment, None, 0), SIZE).decode()


def clear():
    call("shmctl", call("shmget", KEY, SIZE, 0), REMOVE, None)
