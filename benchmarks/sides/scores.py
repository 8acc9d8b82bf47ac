"""Score predictions as a plain script would."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

BY_NAME = ("f1", "average_precision", "roc_auc", "precision", "recall")  # of both LTE competitions


def predict_and_score(estimator: Any, X: pd.DataFrame, y: NDArray[Any], labels_only: bool) -> float:
    """Predict rows, labels and unless they alone are wanted probabilities, score them all ways, and return F1."""
    predicted = estimator.predict(X)
    if not labels_only:
        probabilities = estimator.predict_proba(X)[:, 1]
        for score, given in (
            (average_precision_score, probabilities),
            (roc_auc_score, probabilities),
            (precision_score, predicted),
            (recall_score, predicted),
        ):
            score(y, given)
    return float(f1_score(y, predicted))
