# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Stack of trees and a network"
# authors = ["Podium"]
# tags = ["ensemble"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""A logistic regression learns how far to trust a booster, extra trees and a network, which err differently.

It sees their out-of-fold probabilities, where a vote trusts all alike; on the same probabilities the cut is set
where F1 is highest.
"""

import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import ExtraTreesClassifier, StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, QuantileTransformer

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    seed, threads = {"random_state": random_state}, {"n_jobs": n_threads}
    network = make_pipeline(
        SimpleImputer(strategy="median"),
        QuantileTransformer(output_distribution="normal", **seed),
        MLPClassifier((64, 32), batch_size=256, learning_rate_init=2e-3, max_iter=8, **seed),
    )
    models = [
        ("lightgbm", LGBMClassifier(n_estimators=200, learning_rate=0.1, verbose=-1, **seed, **threads)),
        ("extra_trees", ExtraTreesClassifier(30, min_samples_leaf=3, **seed, **threads)),
        ("network", network),
    ]
    final = TunedThresholdClassifierCV(LogisticRegression(), scoring="f1", random_state=random_state)
    return make_pipeline(encode(), StackingClassifier(models, final, cv=2))


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
