# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas", "scikit-learn", "xgboost"]
# [tool.podium]
# title = "XGBoost, 300 trees"
# authors = ["Podium"]
# ///
"""Depth by depth."""

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder
from xgboost import XGBClassifier


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    """300 trees, otherwise the defaults."""
    model = XGBClassifier(n_estimators=300, random_state=random_state, n_jobs=n_threads)
    return make_pipeline(encode(), model)


def encode() -> ColumnTransformer:
    """Turn a row into the cell's code, the minute of the day and the counters."""
    return make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["CellName"]),
        (FunctionTransformer(minute_of_day), ["Time"]),
        ("passthrough", make_column_selector(dtype_include="number")),
    )


def minute_of_day(X: pd.DataFrame) -> pd.DataFrame:
    """Turn "3:45" into 225."""
    clock = X["Time"].str.split(":", expand=True).astype(float)
    return (60 * clock[0] + clock[1]).to_frame()
