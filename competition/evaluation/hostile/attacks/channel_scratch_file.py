"""Passes labels on in a file that it leaves in its scratch directory."""

from pathlib import Path


def send(bits):
    Path("message").write_text(bits)


def receive():
    return Path("message").read_text()
