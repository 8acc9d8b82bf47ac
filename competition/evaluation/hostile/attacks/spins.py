"""Computes for ever in C, where no Python signal handler runs."""


def attack(X, y):
    return 10 ** (10**9) > 0
