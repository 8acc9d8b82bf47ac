# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Lookup of exact values"
# authors = ["Podium"]
# tags = ["naive-bayes", "leak"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Reads how the numbers were written, not how the network behaved.

Takes every counter's value as a name without size or order and counts how often each name stands in rows of either
class: naive Bayes over exact values. A model that knows nothing of "more" and "less" should fail on load counters.
This one does not, since PRB shares and mean users take only a few hundred values, and most of these occur in one
class alone: the classes look scaled by different factors before they were rounded.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

SMOOTHING = 0.1  # rows of each class added to every value


class ValueLookup(ClassifierMixin, BaseEstimator):
    """Naive Bayes whose categories are the exact values of the counters; a value not seen in fit says nothing."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "ValueLookup":
        self.classes_ = np.unique(y)
        counts = np.array([(y == label).sum() for label in self.classes_])
        self.prior_ = float(np.log(counts[1] / counts[0]))
        self.evidence_: dict[str, pd.Series] = {}
        for name in X.select_dtypes("number"):
            of_values = pd.crosstab(X[name].to_numpy(), y).reindex(columns=self.classes_, fill_value=0) + SMOOTHING
            self.evidence_[name] = np.log(of_values[self.classes_[1]] / of_values[self.classes_[0]]) - self.prior_
        return self

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        """Log odds of class 1."""
        says = [X[name].map(evidence).fillna(0.0).to_numpy() for name, evidence in self.evidence_.items()]
        return self.prior_ + np.sum(says, axis=0)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        positive = 1 / (1 + np.exp(-np.clip(self.decision_function(X), -60, 60)))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def make_estimator(random_state: int, n_threads: int) -> ValueLookup:
    return ValueLookup()
