"""Passes five labels on in the number of files that its file system has room for."""

import os

STEP = 16


def prepare():
    return os.statvfs(".").f_ffree


def send(bits):
    for number in range(STEP * int(bits[:5], 2)):
        os.close(os.open(str(number), os.O_CREAT))


def receive(before):
    n_steps = round((before - os.statvfs(".").f_ffree) / STEP)
    return f"{n_steps:05b}" if 0 < n_steps < 32 else ""
