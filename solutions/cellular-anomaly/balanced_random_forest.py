# /// script
# requires-python = ">=3.11"
# dependencies = ["imbalanced-learn", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Balanced random forest"
# authors = ["Podium"]
# tags = ["trees", "bagging", "imbalance"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Each tree learns from equally many rows of both classes (Chen, Liaw and Breiman 2004).

The usual rows that one tree does not see another does, so nothing is lost, and small trees are cheap. The vote leans
to recall, and with fewer usual rows a tree it ranks a little worse than a forest.
"""

import pandas as pd
from imblearn.ensemble import BalancedRandomForestClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    model = BalancedRandomForestClassifier(150, random_state=random_state, n_jobs=n_threads)
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
