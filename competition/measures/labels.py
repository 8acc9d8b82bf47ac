"""Scores of labels, from confusion matrices: row = true class, column = predicted class."""

import numpy as np

from competition.measures.sums import Array, Params, ratio


def _matrix(statistics: Array) -> Array:
    n_classes = round(statistics.shape[-1] ** 0.5)
    return np.asarray(statistics.reshape(*statistics.shape[:-1], n_classes, n_classes))


def _averaged(per_class: Array, support: Array, params: Params) -> Array:
    """Reduce scores of shape (..., K): the positive class of two, else the chosen average."""
    if per_class.shape[-1] == 2:
        return np.asarray(per_class[..., 1])
    if params.get("average", "macro") == "weighted":
        return np.asarray((per_class * support).sum(-1) / support.sum(-1))
    return np.asarray(per_class.mean(-1))


def accuracy(statistics: Array, params: Params) -> Array:
    """Share of rows whose label is right."""
    matrix = _matrix(statistics)
    return ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum((-2, -1)), empty=np.nan)


def fbeta(statistics: Array, params: Params) -> Array:
    """(1 + b²) tp / ((1 + b²) tp + b² fn + fp); 0 where nothing is, or is called, positive."""
    matrix = _matrix(statistics)
    if matrix.shape[-1] > 2 and params.get("average") == "micro":
        return accuracy(statistics, params)
    beta2 = float(params.get("beta", 1.0)) ** 2
    hit = np.diagonal(matrix, axis1=-2, axis2=-1)
    support, called = matrix.sum(-1), matrix.sum(-2)
    return _averaged(ratio((1 + beta2) * hit, beta2 * support + called), support, params)


def precision(statistics: Array, params: Params) -> Array:
    """Share of the rows called positive that are."""
    return fbeta(statistics, {**params, "beta": 0.0})


def recall(statistics: Array, params: Params) -> Array:
    """Share of the positive rows that are found."""
    matrix = _matrix(statistics)
    if matrix.shape[-1] > 2 and params.get("average") == "micro":
        return accuracy(statistics, params)
    support = matrix.sum(-1)
    return _averaged(ratio(np.diagonal(matrix, axis1=-2, axis2=-1), support), support, params)


def balanced_accuracy(statistics: Array, params: Params) -> Array:
    """Mean recall over the classes that occur."""
    matrix = _matrix(statistics)
    support = matrix.sum(-1)
    found = ratio(np.diagonal(matrix, axis1=-2, axis2=-1), support)
    return ratio(found.sum(-1), (support > 0).sum(-1), empty=np.nan)


def matthews_corrcoef(statistics: Array, params: Params) -> Array:
    """Correlation of truth and prediction (Gorodkin 2004 for several classes); 0 where one of them is constant."""
    matrix = _matrix(statistics)
    total = matrix.sum((-2, -1))
    support, called = matrix.sum(-1), matrix.sum(-2)
    covariance = np.trace(matrix, axis1=-2, axis2=-1) * total - (support * called).sum(-1)
    scale = np.sqrt((total**2 - (called**2).sum(-1)) * (total**2 - (support**2).sum(-1)))
    return ratio(covariance, scale)
