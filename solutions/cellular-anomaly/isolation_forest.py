# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Isolation forest, unsupervised"
# authors = ["Podium"]
# tags = ["unsupervised", "anomaly-detection"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Rows that random cuts soon set apart are called unusual: the unsupervised reference.

Of the labels it takes only their share, to set the cut. Rare is not the same as unusual for this cell at this hour,
so what it misses is what labels are worth.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> "RarestRows":
    return RarestRows(random_state=random_state, n_threads=n_threads)


class RarestRows(ClassifierMixin, BaseEstimator):
    """Call as large a share of rows unusual as in training, those that an isolation forest isolates first."""

    def __init__(self, random_state: int, n_threads: int):
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "RarestRows":
        self.classes_ = np.array([0, 1])
        forest = IsolationForest(
            n_estimators=150,
            contamination=min(float(np.mean(y)), 0.5),
            random_state=self.random_state,
            n_jobs=self.n_threads,
        )
        self.model_ = make_pipeline(encode(), forest).fit(X)
        return self

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        return -self.model_.decision_function(X)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return (self.decision_function(X) > 0).astype(int)


def encode() -> ColumnTransformer:
    """One column a cell, the time of day on a circle, the counters' logarithms scaled; other columns are dropped."""
    counters = make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(np.log1p), StandardScaler())
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["CellName"]),
        (FunctionTransformer(clock_face), ["Time"]),
        (counters, COUNTERS),
    )


def clock_face(X: pd.DataFrame) -> np.ndarray:
    """Turn the time of day into a point on a circle, so that 23:45 lies beside 0:00."""
    clock = X["Time"].str.split(":", expand=True).astype(float)
    angle = 2 * np.pi * (60 * clock[0] + clock[1]) / 1440
    return np.column_stack([np.sin(angle), np.cos(angle)])
