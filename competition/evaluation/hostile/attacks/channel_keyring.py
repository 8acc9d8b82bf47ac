"""Passes labels on in the kernel's key ring of its user."""

import ctypes
import platform

ADD_KEY, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
USER_KEYRING, SEARCH, READ, SET_TIMEOUT = -4, 10, 11, 15
LIBC = ctypes.CDLL(None, use_errno=True)


def call(*arguments):
    result = LIBC.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "keyctl")
    return result


def send(bits):
    key = call(ADD_KEY, b"user", b"__MARKER__", bits.encode(), len(bits), USER_KEYRING)
    call(KEYCTL, SET_TIMEOUT, key, 20)


def receive():
    key = call(KEYCTL, SEARCH, USER_KEYRING, b"user", b"__MARKER__", 0)
    text = ctypes.create_string_buffer(64)
    call(KEYCTL, READ, key, text, 64)
    return text.raw.decode()
