"""Raises an exception that cannot be printed, with a name that is no name."""


class UnprintableError(Exception):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


UnprintableError.__name__ = "\x1b[2J" * 10_000


def attack(X, y):
    raise UnprintableError
