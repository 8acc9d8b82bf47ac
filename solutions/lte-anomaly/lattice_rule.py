# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Nearest lattice, no machine learning"
# authors = ["Podium"]
# tags = ["rule", "lattice", "leak"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Reads how the numbers were written, not how the network behaved.

Shares of resource blocks (steps of 0.1 %) and mean users (steps of 0.01) look as if they were multiplied by 1.0105 in
the usual rows and by 0.995 in the unusual ones, then rounded to three decimals. So the values of each class are
multiples of a step of its own. `fit` estimates these steps from the training rows (Kendall's cosine quantogram, then
least squares); `predict` counts for each class the columns whose value is no multiple of its step, and takes the
class with fewer. Nothing is learned about traffic: the rule would be worth nothing on counters that come from a
network directly.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

ROUNDING = 0.001  # all counters have three decimals
SMALLEST_STEP = 0.004  # below, the rounding hides a step
LARGEST_STEP = 0.4
TOLERANCE = 0.55 * ROUNDING  # half a unit of the last digit, and a little for the error of the step


def quantogram_step(values: np.ndarray) -> float:
    """Step of which the distinct, sorted, positive values are multiples (Kendall 1974), refined by least squares."""
    # A coarse scan needs few and small values: a peak in 1 / step is as wide as 1 / the largest of them
    small = values[: max(50, np.searchsorted(values, 3.0))]
    small = small[:: 1 + len(small) // 400]
    width = 1 / small[-1]
    frequencies = np.arange(1 / LARGEST_STEP, 1 / SMALLEST_STEP, 0.1 * width)
    power = np.cos(2 * np.pi * np.outer(frequencies, small)).mean(axis=1)
    # A third of the step fits as well as the step, so the first of the high peaks is taken, not the highest
    first = (power >= 0.9 * power.max()).argmax()
    step = 1 / frequencies[first + power[first : first + 5].argmax()]
    upper = small[-1]
    while True:
        known = values[values <= upper]
        multiples = np.rint(known / step)
        step = float(known @ multiples / (multiples @ multiples))
        if upper >= values[-1]:
            return step
        upper *= 1.5


def misses(values: np.ndarray, step: float) -> np.ndarray:
    """Which values are not a multiple of the step, as far as the rounding lets one tell."""
    return np.abs(values - step * np.rint(values / step)) > TOLERANCE


class NearestLattice(ClassifierMixin, BaseEstimator):
    """Class whose steps fit more columns; where they fit equally many, the larger class."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "NearestLattice":
        self.classes_, counts = np.unique(y, return_counts=True)
        self.larger_ = int(counts.argmax())
        self.steps_: dict[str, list[float]] = {}
        for name in X.select_dtypes("number"):
            of_classes = [X[name].to_numpy()[y == label] for label in self.classes_]
            of_classes = [np.unique(values[values > 0]) for values in of_classes]
            if any(len(values) < 50 for values in of_classes):
                continue
            steps = [quantogram_step(values) for values in of_classes]
            if all(misses(values, step).mean() < 0.01 for values, step in zip(of_classes, steps, strict=True)):
                self.steps_[name] = steps
        return self

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        """Columns that are off class 0's lattice less those off class 1's."""
        score = np.where(self.larger_ == 1, 0.5, -0.5) * np.ones(len(X))
        for name, (step_0, step_1) in self.steps_.items():
            values = X[name].to_numpy()
            score += misses(values, step_0).astype(float) - misses(values, step_1).astype(float)
        return score

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def make_estimator(random_state: int, n_threads: int) -> NearestLattice:
    return NearestLattice()
