"""Writes an answer of its own making down the pipe, and leaves."""

import contextlib
import json
import os
import pickle
import stat
import struct

N_ROWS = 64
MARKER = "__MARKER__"


class Opens:
    """What runs a command in whoever unpickles it."""

    def __reduce__(self):
        return os.mkdir, (f"/tmp/{MARKER}",)


def frame(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<8sQ", b"PODIUM01", len(text)) + text + body


def values(**changes):
    return {"arrays": {"values": {"dtype": "<i4", "shape": [N_ROWS], "offset": 0} | changes}, "meta": {}}


def blame(kind):
    return {"arrays": {}, "meta": {"failure": {"type": kind, "message": "the worker died", "traceback": []}}}


ZEROS = bytes(4 * N_ROWS)
VALID = frame(values(), ZEROS)
FRAMES = {
    "infrastructure": lambda: frame(blame("infrastructure")),
    "timeout": lambda: frame(blame("timeout")),
    "pickle": lambda: pickle.dumps(Opens()),
    "pickle in a frame": lambda: frame(values(dtype="|O"), pickle.dumps(Opens()) + ZEROS),
    "huge shape": lambda: frame(values(shape=[2**62, 4]), ZEROS),
    "negative shape": lambda: frame(values(shape=[-1]), ZEROS),
    "huge header": lambda: struct.pack("<8sQ", b"PODIUM01", 2**63) + ZEROS,
    "nested header": lambda: frame(b"[" * 100_000),
    "odd types": lambda: frame({"arrays": [["values"]], "meta": {"fit_seconds": {"a": "b"}}}),
    "huge numbers": lambda: frame(b'{"arrays": {}, "meta": {"fit_seconds": ' + b"9" * 100_000 + b"}}"),
    "no predictions": lambda: frame({"arrays": {}, "meta": {}}),
    "out of range": lambda: frame(values(), b"\x07" * len(ZEROS)),
    "valid": lambda: VALID,
    "valid and more": lambda: VALID + b"more" * 100,
    "valid and 100 MB": lambda: VALID + bytes(100 << 20),
}


def attack(X, y):
    content = FRAMES["__KIND__"]()
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                write(descriptor, memoryview(content))
    os._exit(0)


def write(descriptor, content):
    while content:
        content = content[os.write(descriptor, content) :]
