"""Passes ten labels on in the number that its file system gives to the next new file."""

import os

STEP, N_STEPS = 8, 1024  # room for a few files that the worker makes in between


def send(bits):
    last = 0
    for _ in range(2 * STEP * N_STEPS):
        number = new_number()
        if number == last:
            raise OSError("this file system gives the same number again")
        last = number
        if number % (STEP * N_STEPS) == STEP * int(bits[:10], 2):
            return


def new_number():
    descriptor = os.open("new", os.O_CREAT)
    number = os.fstat(descriptor).st_ino
    os.close(descriptor)
    os.remove("new")
    return number


def receive():
    return f"{new_number() // STEP % N_STEPS:010b}"
