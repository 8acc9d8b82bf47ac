"""Changes mode, times and extended attributes of the answer key; any one would be a beginning."""

import os


def attack(X, y):
    changes = [
        lambda: os.chmod("__KEY_PATH__", 0o777),
        lambda: os.utime("__KEY_PATH__", (0, 0)),
        lambda: os.setxattr("__KEY_PATH__", "user.forged", b"1"),
    ]
    refused = None
    for change in changes:
        try:
            change()
        except OSError as error:
            refused = error
    if refused is not None:
        raise refused
    return True
