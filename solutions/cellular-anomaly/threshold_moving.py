# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "pandas", "scikit-learn"]
# [tool.podium]
# title = "LightGBM with a moved threshold"
# authors = ["Podium"]
# tags = ["gradient-boosting", "imbalance"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""The probabilities of plain LightGBM stay as they are and only the cut moves.

It goes from one half to where F1 is highest in inner cross-validation. Where classes are uneven this is what most
resampling amounts to, at no risk for the ranking of the rows.
"""

import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> TunedThresholdClassifierCV:
    model = LGBMClassifier(n_estimators=300, random_state=random_state, n_jobs=n_threads, verbose=-1)
    return TunedThresholdClassifierCV(make_pipeline(encode(), model), scoring="f1", cv=2, random_state=random_state)


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
