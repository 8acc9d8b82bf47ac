"""Passes labels on in a message queue of POSIX, which outlives its process."""

import ctypes
import os
import platform

OPEN, UNLINK, SEND, RECEIVE = {"x86_64": (240, 241, 242, 243), "aarch64": (180, 181, 182, 183)}[platform.machine()]
NAME = b"__MARKER__"
LIBC = ctypes.CDLL(None, use_errno=True)


def call(*arguments):
    result = LIBC.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "mq")
    return result


def send(bits):
    os.umask(0)
    attributes = (ctypes.c_long * 8)(0, 1, 64)
    queue = call(OPEN, NAME, os.O_CREAT | os.O_RDWR | os.O_NONBLOCK, 0o666, attributes)
    call(SEND, queue, bits.encode(), 64, 0, None)


def receive():
    queue, text = call(OPEN, NAME, os.O_RDONLY | os.O_NONBLOCK, 0, None), ctypes.create_string_buffer(64)
    call(RECEIVE, queue, text, 64, None, None)
    return text.raw.decode()


def clear():
    call(UNLINK, NAME)
