# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "LightGBM on lattice phases"
# authors = ["Podium"]
# tags = ["gradient-boosting", "lattice", "leak"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Reads how the numbers were written, not how the network behaved.

The counters of each class look multiplied by a factor of its own before they were rounded, so PRB shares and mean
users of a class are multiples of a step that the other class does not have. `fit` estimates for every counter and
class the step that fits best (Kendall's cosine quantogram), whether there is one or not; the distance of a value from
the nearest multiple of it joins the plain columns, and LightGBM finds out which distances tell. A booster on plain
columns has to build this saw-tooth from hundreds of splits, a phase needs one.
"""

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

ROUNDING = 0.001  # all counters have three decimals
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


class LatticePhases(TransformerMixin, BaseEstimator):
    """Distance of each value from the nearest multiple of each class's step, in halves of the last digit."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "LatticePhases":
        self.steps_: dict[str, list[float]] = {}
        for name in X.select_dtypes("number"):
            of_classes = [X[name].to_numpy()[y == label] for label in np.unique(y)]
            of_classes = [np.unique(values[values > 0]) for values in of_classes]
            if all(len(values) >= 50 for values in of_classes):
                self.steps_[name] = [quantogram_step(values) for values in of_classes]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        phases = {
            f"{name} off step {label}": np.abs(X[name] - step * np.rint(X[name] / step)) / (ROUNDING / 2)
            for name, steps in self.steps_.items()
            for label, step in enumerate(steps)
        }
        return pd.DataFrame(phases, index=X.index)


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Numbers only: minutes since midnight, site number, sector letter as its place in the alphabet."""
    clock = X["Time"].str.split(":", expand=True).astype(int)
    cell = X["CellName"].str.extract(r"(\d+)([A-Z])")
    placed = X.select_dtypes("number").assign(minute=60 * clock[0] + clock[1], site=cell[0].astype(int))
    return placed.assign(sector=cell[1].map(ord))


class LatticeLightGBM(ClassifierMixin, BaseEstimator):
    """LightGBM on the plain columns and their lattice phases."""

    def __init__(self, random_state: int, n_threads: int) -> None:
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "LatticeLightGBM":
        self.classes_ = np.unique(y)
        self.phases_ = LatticePhases().fit(X, y)
        self.model_ = LGBMClassifier(
            n_estimators=200, num_leaves=15, random_state=self.random_state, n_jobs=self.n_threads, verbose=-1
        ).fit(self._features(X), y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.model_.predict_proba(self._features(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        # As an array, since LightGBM refuses a plus sign and blanks in the names of columns
        return np.hstack([plain(X).to_numpy(dtype=float), self.phases_.transform(X).to_numpy()])


def make_estimator(random_state: int, n_threads: int) -> LatticeLightGBM:
    return LatticeLightGBM(random_state, n_threads)
