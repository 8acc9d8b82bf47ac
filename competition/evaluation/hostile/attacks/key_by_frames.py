"""Walks up the frames of all threads and reads the local variables of whoever called it."""

import sys


def attack(X, y):
    for frame in sys._current_frames().values():
        while frame is not None:
            for value in list(frame.f_locals.values()):
                if type(value) is str and value.startswith("answers,") and len(value) > 64:
                    return value
            frame = frame.f_back
    return False
