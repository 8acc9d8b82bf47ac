"""Moves its scratch directory away and puts a link to the repository in its place, for whoever clears it up by name."""

import os


def attack(X, y):
    scratch = os.getcwd()
    os.rename(scratch, scratch + "-moved")
    os.symlink("__REPOSITORY__", scratch)
    return True
