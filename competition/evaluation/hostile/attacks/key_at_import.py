"""Reads the answer key while its file is imported, before anybody asks for an estimator."""

from pathlib import Path

KEY = Path("__KEY_PATH__").read_text()


def attack(X, y):
    return KEY
