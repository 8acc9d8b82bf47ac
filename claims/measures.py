"""Scores of predicted labels, and the interval of a paired difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[Any]


def scores(truth: Labels, predicted: Labels) -> dict[str, float]:
    """Return F1 of label 1, the accuracy, and the accuracy of always saying 0, for labels 0 and 1 of shape (n,)."""
    confusion = [[int(np.sum((truth == row) & (predicted == column))) for column in (0, 1)] for row in (0, 1)]
    return scores_of(confusion)


def scores_of(confusion: Sequence[Sequence[int]]) -> dict[str, float]:
    """Return the same from a confusion matrix, rows = truth; F1 is 0 where nothing is, and nothing is called, 1."""
    (kept, false), (missed, found) = confusion
    n_rows = kept + false + missed + found
    return {
        "f1": 2 * found / max(1, 2 * found + false + missed),
        "accuracy": (kept + found) / n_rows,
        "always 0": (kept + false) / n_rows,
    }


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of paired differences and its 95 % interval by Student's t, shape (n,), n > 1."""
    from scipy.stats import t

    values = np.asarray(differences, dtype=float)
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    mean = float(values.mean())
    return mean, mean - half, mean + half
