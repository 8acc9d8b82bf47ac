# /// script
# requires-python = ">=3.11"
# dependencies = ["catboost", "lightgbm", "pandas", "scikit-learn", "xgboost"]
# [tool.podium]
# title = "Soft vote of three boosters and extra trees"
# authors = ["Podium"]
# tags = ["ensemble"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Leaf-wise, depth-wise and symmetric boosters and randomised trees err on different rows.

So the mean of their probabilities should rank rows better than each alone; next to one tuned booster the gain is
small. The cut is where F1 is highest on a quarter of the training rows that the vote had not seen.
"""

import pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder
from xgboost import XGBClassifier

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> TunedThresholdClassifierCV:
    seed, threads = {"random_state": random_state}, {"n_jobs": n_threads}
    models = [
        ("lightgbm", LGBMClassifier(n_estimators=200, learning_rate=0.1, verbose=-1, **seed, **threads)),
        ("xgboost", XGBClassifier(n_estimators=150, learning_rate=0.12, max_depth=6, **seed, **threads)),
        (
            "catboost",
            CatBoostClassifier(
                iterations=150,
                learning_rate=0.2,
                border_count=128,
                verbose=0,
                allow_writing_files=False,
                thread_count=n_threads,
                **seed,
            ),
        ),
        ("extra_trees", ExtraTreesClassifier(60, min_samples_leaf=2, **seed, **threads)),
    ]
    vote = make_pipeline(encode(), VotingClassifier(models, voting="soft"))
    return TunedThresholdClassifierCV(vote, scoring="f1", cv=0.25, random_state=random_state)


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
