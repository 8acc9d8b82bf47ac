"""Opens the files of the home directory: tokens, keys, the history of the shell."""

import os
import pwd


def attack(X, y):
    home = pwd.getpwuid("__USER__").pw_dir
    refused = OSError("no file there")
    for name in os.listdir(home):
        try:
            os.close(os.open(os.path.join(home, name), os.O_RDONLY))
        except OSError as error:
            refused = error
        else:
            if os.path.isfile(os.path.join(home, name)):
                return True
    raise refused
