"""Gives a file of its own a second name, so that whoever removes or counts the one overlooks the other."""

import os


def attack(X, y):
    with open("file", "w") as file:
        file.write("mine")
    os.link("file", "link")
    return True
