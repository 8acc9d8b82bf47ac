"""Passes labels on in an extended attribute of its scratch directory."""

import os


def send(bits):
    os.setxattr(".", "user.message", bits.encode())


def receive():
    return os.getxattr(".", "user.message").decode()
