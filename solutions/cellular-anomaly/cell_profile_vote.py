# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "numpy", "pandas", "scikit-learn", "xgboost"]
# [tool.podium]
# title = "Deviation from the cell's daily profile, vote of two boosters and a network"
# authors = ["Podium"]
# tags = ["ensemble", "features"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Unusual means unusual for this cell at this hour, and trees and a network see that differently.

Each counter is compared with its median in the same cell at the same time of day, learnt from training rows without
labels. LightGBM, XGBoost and a small network see those deviations beside the raw counters: the boosters find sharp
edges, the network smooth sums of weak evidence. Their probabilities are averaged, and the cut is where F1 is highest
on a quarter of the training rows.
"""

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from xgboost import XGBClassifier

COUNTERS = ["PRBUsageUL", "PRBUsageDL", "meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
COUNTERS += ["meanUE_DL", "meanUE_UL", "maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def make_estimator(random_state: int, n_threads: int) -> TunedThresholdClassifierCV:
    seed, threads = {"random_state": random_state}, {"n_jobs": n_threads}
    sampling = {"subsample": 0.8, "colsample_bytree": 0.6}
    leafwise = LGBMClassifier(
        n_estimators=250,
        learning_rate=0.08,
        num_leaves=24,
        min_child_samples=10,
        subsample_freq=1,
        verbose=-1,
        **sampling,
        **seed,
        **threads,
    )
    depthwise = XGBClassifier(n_estimators=150, learning_rate=0.1, max_depth=6, **sampling, **seed, **threads)
    network = make_pipeline(
        SimpleImputer(strategy="median"),
        QuantileTransformer(output_distribution="normal", **seed),
        MLPClassifier((64, 32), batch_size=256, learning_rate_init=2e-3, max_iter=15, **seed),
    )
    models = [("leafwise", leafwise), ("depthwise", depthwise), ("network", network)]
    vote = make_pipeline(DeviationFromProfile(), VotingClassifier(models, voting="soft"))
    return TunedThresholdClassifierCV(vote, scoring="f1", cv=0.25, random_state=random_state)


class DeviationFromProfile(TransformerMixin, BaseEstimator):
    """Add to each row how far its counters lie from their cell's usual values at this time of day.

    Usual is the median logarithm of the cell's training rows within 45 minutes of the clock, whatever their date;
    the deviation is counted in robust standard deviations (1.4826 times the median absolute deviation).
    """

    def fit(self, X: pd.DataFrame, y: np.ndarray | None = None) -> "DeviationFromProfile":
        self.cells_ = pd.Index(sorted(X["CellName"].unique()))
        cells, minutes, values = self._split(X)
        values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)  # few, and np.nanmedian is slow
        self.centre_ = np.zeros((len(self.cells_) + 1, 96, len(COUNTERS)))
        self.scale_ = np.ones_like(self.centre_)
        for cell in range(len(self.cells_) + 1):
            is_pooled = cell == len(self.cells_)  # the last profile pools all cells, for cells not seen in training
            of_cell = (cells == cell) | is_pooled
            minutes_of_cell, values_of_cell = minutes[of_cell], values[of_cell]
            for quarter in range(96):
                near = values_of_cell[np.abs((minutes_of_cell - 15 * quarter + 720) % 1440 - 720) <= 45]
                if len(near) > 3:
                    self.centre_[cell, quarter] = np.median(near, axis=0)
                    self.scale_[cell, quarter] = 1.4826 * np.median(np.abs(near - self.centre_[cell, quarter]), axis=0)
        # a quiet hour may have no spread at all: never less than a third of what is common for the counter
        self.scale_ = np.maximum(self.scale_, 0.3 * np.median(self.scale_, axis=(0, 1)) + 1e-3)
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        cells, minutes, values = self._split(X)
        quarters = (minutes // 15).astype(int)
        deviation = (values - self.centre_[cells, quarters]) / self.scale_[cells, quarters]
        return np.column_stack([cells, minutes, X[COUNTERS].to_numpy(float), deviation])

    def _split(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the cell's code (-1 if new), the minute of the day and the logarithms of the counters."""
        hour, minute = X["Time"].str.split(":", expand=True).to_numpy(float).T
        return self.cells_.get_indexer(X["CellName"]), 60 * hour + minute, np.log(X[COUNTERS].to_numpy(float) + 0.01)
