# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Logistic regression"
# authors = ["Podium"]
# tags = ["linear"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""The linear reference.

Each counter adds its own evidence, each cell and the time of day shift the level; classes are weighted, since F1
does not care for the many usual rows. It cannot say "busy for this cell at this hour", which is what unusual means
here, so the distance to the boosters is what interactions are worth.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    return make_pipeline(encode(), LogisticRegression(class_weight="balanced", max_iter=500))


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
