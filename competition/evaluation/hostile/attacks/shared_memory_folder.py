"""Reads what other processes keep in /dev/shm."""

from pathlib import Path


def attack(X, y):
    return Path("/dev/shm", "__SHARED_NAME__").read_text()
