# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Logistic regression on lattice phases"
# authors = ["Podium"]
# tags = ["linear", "lattice", "leak"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Reads how the numbers were written, not how the network behaved.

On the counters themselves logistic regression finds next to none of the unusual rows. It finds nearly all when each
counter is replaced by two cosines: of 2 pi times the value over the step that fits the values of class 0 best, and
the same for class 1. The steps come from the training rows (Kendall's cosine quantogram). That shows where the class
is written: in the third decimal, not in the load of a cell.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

SMALLEST_STEP = 0.004  # below, the rounding hides a step
LARGEST_STEP = 0.4


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


class LatticeCosines(TransformerMixin, BaseEstimator):
    """Cosine of each value on the circle of each class's step: 1 on a multiple of it, -1 half-way between two."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "LatticeCosines":
        self.steps_: dict[str, list[float]] = {}
        for name in X.select_dtypes("number"):
            of_classes = [X[name].to_numpy()[y == label] for label in np.unique(y)]
            of_classes = [np.unique(values[values > 0]) for values in of_classes]
            if all(len(values) >= 50 for values in of_classes):
                self.steps_[name] = [quantogram_step(values) for values in of_classes]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        cosines = {
            f"{name} on step {label}": np.cos(2 * np.pi * X[name] / step)
            for name, steps in self.steps_.items()
            for label, step in enumerate(steps)
        }
        return pd.DataFrame(cosines, index=X.index)


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    # Hardly any penalty: the classes are separable, and a small step needs a large weight on its cosine
    return make_pipeline(LatticeCosines(), LogisticRegression(C=1000, max_iter=2000))
