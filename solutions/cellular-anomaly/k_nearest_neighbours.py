# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "k nearest neighbours"
# authors = ["Podium"]
# tags = ["neighbours"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Unusual rows should look like other unusual rows.

Rows are compared by the logarithms of their counters and the time of day, and by cell; the few nearest training rows
vote, the nearer the more. With many counters that are mostly noise, distance is blunt: it shows what similarity
reaches without learning what matters.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    return make_pipeline(encode(), KNeighborsClassifier(n_neighbors=5, weights="distance", n_jobs=n_threads))


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
