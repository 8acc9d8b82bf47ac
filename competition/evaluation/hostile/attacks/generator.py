"""Answers with a generator that never ends."""

import itertools


class Estimator:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return (0 for _ in itertools.count())


def make_estimator(random_state, n_threads):
    return Estimator()
