"""Raises an exception that cannot be printed, with a name that is no name."""


class Unprintable(Exception):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


Unprintable.__name__ = "\x1b[2J" * 10_000


def attack(X, y):
    raise Unprintable
