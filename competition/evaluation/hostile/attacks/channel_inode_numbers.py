"""Passes twelve labels on in the number that its file system gives to the next new file."""

import os


def send(bits):
    for _ in range(8192):
        if (new_number() + 1) % 4096 == int(bits[:12], 2):
            return


def new_number():
    descriptor = os.open("new", os.O_CREAT)
    number = os.fstat(descriptor).st_ino
    os.close(descriptor)
    os.remove("new")
    return number


def receive():
    return f"{new_number() % 4096:012b}"
