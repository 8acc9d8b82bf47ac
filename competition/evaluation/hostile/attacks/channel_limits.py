"""Passes labels on in its own limits, which the trial next to it asks for."""

import contextlib
import os
import resource

SIGN = 0x5EC2E7 << 32


def send(bits):
    _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, (SIGN | int(bits[:32], 2), hard))
    except ValueError as error:  # what Python makes of a refusal
        raise PermissionError(str(error)) from None


def receive():
    refused = OSError("no such process")
    for process in range(max(2, os.getpid() - 2000), os.getpid() + 2000):
        with contextlib.suppress(ProcessLookupError):
            try:
                soft, _ = resource.prlimit(process, resource.RLIMIT_RTTIME)
            except PermissionError as error:
                refused = error
                continue
            if soft >> 32 == SIGN >> 32:
                return f"{soft & 0xFFFFFFFF:032b}"
    raise refused
