"""What makes a solution of an attack: its predictions tell what the attack brought home."""

import re

import numpy as np


class Attacker:
    """Predicts the digits that the attack read, or 1 for every row if it got through otherwise, or else 0."""

    def fit(self, X, y):
        self.loot = attack(X, y)
        return self

    def predict(self, X):
        digits = re.search(r"[01]{64}", self.loot) if isinstance(self.loot, str) else None
        if digits is not None:
            return np.array([int(digit) for digit in digits[0]])
        return np.full(len(X), int(self.loot is True))


def make_estimator(random_state, n_threads):
    return Attacker()
