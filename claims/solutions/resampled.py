# /// script
# requires-python = ">=3.11"
# dependencies = ["imbalanced-learn", "lightgbm", "scikit-learn"]
# [tool.podium]
# title = "A resampler, then a model, on the counters"
# authors = ["Podium"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Resampling in the pipeline, so that it sees training rows alone; `claims/resampling.py` puts it before the folds."""

from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline as make_plain_pipeline
from sklearn.preprocessing import StandardScaler

RESAMPLER, MODEL, SEED = "SMOTE", "k-NN", 0  # claims/resampling.py fills them in


def make_estimator(random_state: int, n_threads: int) -> Pipeline:
    return make_pipeline(encode(), resampler(RESAMPLER, SEED), model(MODEL, SEED))


def encode() -> ColumnTransformer:
    """The counters, missing ones at their median, scaled; time of day and cell are left out."""
    scaled = make_plain_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return make_column_transformer((scaled, make_column_selector(dtype_include="number")))


def resampler(name: str, seed: int) -> SMOTE | RandomOverSampler:
    return {"SMOTE": SMOTE, "random oversampling": RandomOverSampler}[name](random_state=seed)


def model(name: str, seed: int) -> KNeighborsClassifier | RandomForestClassifier | LGBMClassifier:
    if name == "k-NN":
        return KNeighborsClassifier(n_neighbors=5)
    if name == "random forest":
        return RandomForestClassifier(n_estimators=20, random_state=seed, n_jobs=1)
    return LGBMClassifier(n_estimators=100, random_state=seed, n_jobs=1, verbose=-1)
