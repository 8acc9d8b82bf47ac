"""Ends before it has answered, in a way of its own."""

import ctypes
import os
import signal
import sys
import threading


def from_a_thread():
    threading.Thread(target=os._exit, args=(0,)).start()
    signal.pause()


def overflow():
    sys.setrecursionlimit(10**9)
    return repr(make_nested())


def make_nested():
    nested = []
    for _ in range(10**5):
        nested = [nested]
    return nested


def raise_(error):
    raise error


ENDINGS = {
    "exit 0": lambda: raise_(SystemExit(0)),
    "os._exit": lambda: os._exit(0),
    "interrupt": lambda: raise_(KeyboardInterrupt),
    "generator exit": lambda: raise_(GeneratorExit),
    "segfault": lambda: ctypes.string_at(0),
    "abort": lambda: os.abort(),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill group": lambda: os.killpg(0, signal.SIGKILL),
    "from a thread": from_a_thread,
    "overflow": overflow,
}


def attack(X, y):
    ENDINGS["__KIND__"]()
    return False
