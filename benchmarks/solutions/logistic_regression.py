# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas", "scikit-learn"]
# [tool.podium]
# title = "Logistic regression"
# authors = ["Podium"]
# ///
"""The lightest of the six: a trial of it is mostly what is around the fit."""

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    """Scaled columns, then a linear model."""
    model = LogisticRegression(max_iter=500)
    return make_pipeline(encode(), SimpleImputer(strategy="median"), StandardScaler(), model)


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
