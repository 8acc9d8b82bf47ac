"""Passes eight labels on in the number of files that its file system has room for."""

import os

STEP = 32


def prepare():
    return os.statvfs(".").f_ffree


def send(bits):
    for number in range(STEP * int(bits[:8], 2)):
        os.close(os.open(str(number), os.O_CREAT))


def receive(before):
    return f"{round((before - os.statvfs('.').f_ffree) / STEP) % 256:08b}"
