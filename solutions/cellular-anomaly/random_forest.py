# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas", "scikit-learn"]
# [tool.podium]
# title = "Random forest"
# authors = ["Podium"]
# tags = ["trees", "bagging"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Bagged deep trees need no scaling and no tuning.

They find interactions of cell, time and load in the raw counters. Leaves keep three rows and classes are weighted,
or the vote would hardly ever reach one half.
"""

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    model = RandomForestClassifier(
        60, min_samples_leaf=3, class_weight="balanced", random_state=random_state, n_jobs=n_threads
    )
    return make_pipeline(encode(), model)


def encode() -> ColumnTransformer:
    """Turn a row into the cell's code, the minute of the day and the counters; other columns are dropped."""
    return make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["CellName"]),
        (FunctionTransformer(minute_of_day), ["Time"]),
        ("passthrough", COUNTERS),
    )


def minute_of_day(X: pd.DataFrame) -> pd.DataFrame:
    """Turn "3:45" into 225."""
    clock = X["Time"].str.split(":", expand=True).astype(float)
    return (60 * clock[0] + clock[1]).to_frame()
