"""Opens the files of the home directory: tokens, keys, the history of the shell."""

import os

HOME = "__HOME__"


def attack(X, y):
    refused = OSError("no file there")
    for name in os.listdir(HOME):
        try:
            os.close(os.open(os.path.join(HOME, name), os.O_RDONLY))
        except OSError as error:
            refused = error
        else:
            if os.path.isfile(os.path.join(HOME, name)):
                return True
    raise refused
