"""Passes labels on in the name of a folder that holds 1,200 others, each in the one before, too deep to be removed."""

import os
import re


def send(bits):
    os.mkdir(bits)
    os.chdir(bits)
    for _ in range(1200):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)


def receive():
    return next((name for name in os.listdir() if re.fullmatch("[01]{64}", name)), "")
