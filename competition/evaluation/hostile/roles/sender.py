"""What makes a solution of the sending half of a channel: it was given labels, and passes them on."""

import time

import numpy as np


class Sender:
    """Sends its training labels, and stays for a while if the receiver runs at the same time."""

    def fit(self, X, y):
        time.sleep("__WAIT__")
        self.kept = send("".join(str(label) for label in y))
        time.sleep("__LINGER__")
        if "__LINGER__" and "clear" in globals():
            globals()["clear"]()
        return self

    def predict(self, X):
        return np.zeros(len(X), int)


def make_estimator(random_state, n_threads):
    return Sender()
