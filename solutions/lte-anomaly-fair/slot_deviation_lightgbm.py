# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Deviation from the slot's median, LightGBM"
# authors = ["Podium"]
# tags = ["gradient-boosting", "context", "threshold"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""A row is compared with the other days of its cell at its time of day, which are all there when it is predicted.

The deviation of each counter's logarithm from the slot's median joins the plain columns. LightGBM is fitted on four
fifths of the slots five times; the fifth left out gives the threshold.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold

# Added before the logarithm, about one step of the counter: idle hours are not to outweigh all others
OFFSETS = {
    "PRBUsageUL": 0.1,
    "PRBUsageDL": 0.1,
    "meanThr_DL": 0.01,
    "meanThr_UL": 0.005,
    "maxThr_DL": 0.2,
    "maxThr_UL": 0.05,
    "meanUE_DL": 0.02,
    "meanUE_UL": 0.02,
    "maxUE_DL": 0.5,
    "maxUE_UL": 0.5,
}
QUARTERS = 96


def make_estimator(random_state: int, n_threads: int) -> "SlotDeviation":
    return SlotDeviation(random_state=random_state, n_threads=n_threads)


class SlotDeviation(ClassifierMixin, BaseEstimator):
    """LightGBM on each of five parts of the slots, and the threshold with the highest F1."""

    def __init__(self, random_state: int = 0, n_threads: int = 1):
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "SlotDeviation":
        """Fit a model on each four fifths of the slots, and find the threshold on the slots that it has not seen."""
        self.classes_ = np.unique(y)
        self.cells_ = np.unique(X["CellName"].to_numpy(str))
        self.rows_, self.y_ = lay_out(X, self.cells_), np.asarray(y)
        features = context(self.rows_)
        self.models_, out_of_fold = [], np.empty(len(X))
        folds = GroupKFold(5, shuffle=True, random_state=self.random_state)
        for train, valid in folds.split(X, groups=self.rows_.slot):
            model = self._model().fit(features[train], y[train])
            out_of_fold[valid] = mean_log_odds([model], features[valid])
            self.models_.append(model)
        self.threshold_ = best_threshold(self.y_, out_of_fold)
        return self

    def _model(self) -> LGBMClassifier:
        return LGBMClassifier(
            n_estimators=300,
            learning_rate=0.04,
            num_leaves=15,
            min_child_samples=40,
            reg_lambda=5,
            colsample_bytree=0.3,
            subsample=0.7,
            subsample_freq=1,
            random_state=self.random_state,
            n_jobs=self.n_threads,
            verbose=-1,
        )

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of both classes."""
        probability = 1 / (1 + np.exp(-self._log_odds(X)))
        return np.column_stack([1 - probability, probability])

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return 1 where the log odds reach the threshold."""
        return (self._log_odds(X) >= self.threshold_).astype(int)

    def _log_odds(self, X: pd.DataFrame) -> np.ndarray:
        rows = joined(self.rows_, lay_out(X, self.cells_))
        return mean_log_odds(self.models_, context(rows)[len(self.y_) :])


# --- rows, and those of the same cell at the same time of day ---


@dataclass(frozen=True)
class Rows:
    """Rows as arrays of shape (n, 10) or (n,): counters; cell, whose number is the count of cells if new; quarter."""

    counters: np.ndarray
    cell: np.ndarray
    quarter: np.ndarray

    @property
    def slot(self) -> np.ndarray:
        """Number of the cell and quarter together."""
        return self.cell * QUARTERS + self.quarter


def lay_out(X: pd.DataFrame, cells: np.ndarray) -> Rows:
    """Turn a table into arrays; maxima are missing where nobody was active, so they are 0."""
    clock = X["Time"].str.split(":", expand=True).astype(int).to_numpy()
    names = X["CellName"].to_numpy(str)
    cell = np.searchsorted(cells, names)
    known = cells[np.minimum(cell, len(cells) - 1)] == names
    counters = np.nan_to_num(X[list(OFFSETS)].to_numpy(float))
    return Rows(counters, np.where(known, cell, len(cells)), 4 * clock[:, 0] + clock[:, 1] // 15)


def joined(first: Rows, second: Rows) -> Rows:
    """Put rows below each other."""
    return Rows(
        np.concatenate([first.counters, second.counters]),
        np.concatenate([first.cell, second.cell]),
        np.concatenate([first.quarter, second.quarter]),
    )


def context(rows: Rows) -> np.ndarray:
    """Return cell, quarter, counters, and their logarithms less the medians of the slot."""
    logs = np.log(rows.counters + np.array(list(OFFSETS.values())))
    from_median = logs - pd.DataFrame(logs).groupby(rows.slot).transform("median").to_numpy()
    return np.column_stack([rows.cell, rows.quarter, rows.counters, from_median])


# --- decisions ---


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Return the logarithm of p / (1 - p), bounded."""
    bounded = np.clip(probability, 0.005, 0.995)
    return np.log(bounded / (1 - bounded))


def mean_log_odds(models: list, features: np.ndarray) -> np.ndarray:
    """Average what the models say of class 1."""
    return np.mean([log_odds(model.predict_proba(features)[:, 1]) for model in models], axis=0)


def best_threshold(y: np.ndarray, score: np.ndarray) -> float:
    """Return the cut on the score with the highest F1."""
    order = np.argsort(-score, kind="stable")
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    return float(score[order][np.argmax(f1)])
