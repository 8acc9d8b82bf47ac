"""Answers with an object that becomes an array only when asked, and another one each time."""

import numpy as np


class Shifting:
    n_asked = 0

    def __init__(self, n):
        self.n = n

    def __array__(self, dtype=None, copy=None):
        Shifting.n_asked += 1
        return np.zeros(self.n, int) if Shifting.n_asked == 1 else np.full(self.n, "everything", object)

    def __len__(self):
        return 10**9


class Estimator:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return Shifting(len(X))


def make_estimator(random_state, n_threads):
    return Estimator()
