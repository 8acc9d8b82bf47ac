# /// script
# requires-python = ">=3.11"
# dependencies = ["imbalanced-learn", "lightgbm", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "SMOTE and edited neighbours, then LightGBM"
# authors = ["Podium"]
# tags = ["gradient-boosting", "imbalance", "resampling"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""After SMOTE, rows that most of their neighbours contradict are removed (Batista et al. 2004).

This cleans the border that SMOTE has blurred. Some rows that it removes are faint unusual ones, though, and a
booster copes with the border anyway.
"""

import numpy as np
import pandas as pd
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from imblearn.under_sampling import EditedNearestNeighbours
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    model = LGBMClassifier(n_estimators=300, random_state=random_state, n_jobs=n_threads, verbose=-1)
    return make_imblearn_pipeline(
        encode(), SMOTEENN(smote=SMOTE(random_state=random_state), enn=EditedNearestNeighbours(kind_sel="mode")), model
    )


def encode() -> ColumnTransformer:
    """Cell code, hour of the day and scaled counters; cells lie so far apart that neighbours share their cell."""
    counters = make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(np.log1p), StandardScaler())
    cell = make_pipeline(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), FunctionTransformer(spread)
    )
    return make_column_transformer(
        (cell, ["CellName"]), (FunctionTransformer(hour_of_day), ["Time"]), (counters, COUNTERS)
    )


def spread(codes: np.ndarray) -> np.ndarray:
    """Put 100 standard deviations of a counter between two cells."""
    return 100 * codes


def hour_of_day(X: pd.DataFrame) -> pd.DataFrame:
    """Turn "3:45" into 3.75."""
    clock = X["Time"].str.split(":", expand=True).astype(float)
    return (clock[0] + clock[1] / 60).to_frame()
