"""Asks whether a path exists, by the error that opening it gives."""

import errno


def attack(X, y):
    try:
        open("__KEY_PATH__").close()
    except OSError as error:
        return error.errno == errno.EACCES
    return True
