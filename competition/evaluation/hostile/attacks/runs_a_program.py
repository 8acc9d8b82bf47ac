"""Runs a program: one of the system, then one that it has written itself."""

import os
import subprocess
import sys


def attack(X, y):
    try:
        return subprocess.run([sys.executable, "-S", "-c", "print(1)"], capture_output=True).stdout == b"1\n"
    except OSError:
        with open("program", "w") as file:
            file.write("#!/bin/sh\necho 1\n")
        os.chmod("program", 0o700)
        os.execv("program", ["program"])
