"""Answers, and then keeps its process alive by threads that are no daemons."""

import threading
import time


def attack(X, y):
    threading.Thread(target=time.sleep, args=(20,)).start()
    return False
