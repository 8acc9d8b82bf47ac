# /// script
# requires-python = ">=3.11"
# dependencies = ["imbalanced-learn", "pandas", "scikit-learn"]
# [tool.podium]
# title = "EasyEnsemble"
# authors = ["Podium"]
# tags = ["boosting", "imbalance"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""AdaBoost models vote, each fitted on all unusual rows and as many usual ones (Liu, Wu and Zhou 2009).

Stumps add up evidence of single counters, so this is a linear model with steps: quick to learn, blind to
interactions.
"""

import pandas as pd
from imblearn.ensemble import EasyEnsembleClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    model = EasyEnsembleClassifier(n_estimators=6, random_state=random_state, n_jobs=n_threads)
    return make_pipeline(encode(), SimpleImputer(strategy="median"), model)


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
