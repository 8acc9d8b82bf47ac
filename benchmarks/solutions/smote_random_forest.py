# /// script
# requires-python = ">=3.11"
# dependencies = ["imbalanced-learn", "pandas", "scikit-learn"]
# [tool.podium]
# title = "SMOTE, then a random forest of 100"
# authors = ["Podium"]
# ///
"""Resamples inside the pipeline and starts joblib's threads."""

import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    """Rare rows drawn between their neighbours, then 100 trees."""
    model = RandomForestClassifier(100, random_state=random_state, n_jobs=n_threads)
    return make_pipeline(encode(), SimpleImputer(strategy="median"), SMOTE(random_state=random_state), model)


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
