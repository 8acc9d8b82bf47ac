"""What a reader looks at beside the score: curves at 101 points, and whether predictions hold what they promise.

All of it is made of out-of-fold rows, in NumPy alone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.measures.ranks import counts_by_threshold, one_vs_rest
from competition.measures.sums import loss_sums
from competition.predictions import Predictions
from competition.results import Calibration, Curves

CURVE_POINTS = 101
GRID = np.linspace(0, 1, CURVE_POINTS)
MAX_BINS = 20
ROWS_A_BIN = 25  # at least, where rows allow two bins

Floats = NDArray[np.float64]


def ranking_curves(folds: Sequence[tuple[NDArray[Any], NDArray[np.float64] | None]]) -> Curves:
    """ROC and precision-recall curves, averaged over folds; of several classes also over each one against the rest.

    The averages are vertical: Fawcett 2006, "An introduction to ROC analysis", section 9.1.

    Parameters
    ----------
    folds : sequence of (truth, scores)
        Class codes of shape (n,), and `Predictions.ranking_scores` of the same rows.

    Returns
    -------
    dict
        ``roc``: false against true positive rate; ``precision_recall``: recall against precision. Empty where a fold
        lacks scores or rows of a class.
    """
    roc, precision_recall = [], []
    for truth, scores in folds:
        if scores is None:
            return {}
        for side in one_vs_rest(truth, scores):
            true_positives, false_positives = counts_by_threshold(*side)
            if not (true_positives[-1] and false_positives[-1]):
                return {}
            roc.append(_roc(true_positives, false_positives))
            precision_recall.append(_precision(true_positives, false_positives))
    if not roc:
        return {}
    return {
        "precision_recall": _points(GRID, np.mean(precision_recall, axis=0)),
        "roc": _points(GRID, np.mean(roc, axis=0)),
    }


def _roc(true_positives: NDArray[Any], false_positives: NDArray[Any]) -> Floats:
    """Recall by false positive rate; equal scores are joined by a straight line, as if ties were broken at random."""
    rates = [np.append(0, counts) / counts[-1] for counts in (false_positives, true_positives)]
    return np.asarray(np.interp(GRID, *rates))


def _precision(true_positives: NDArray[Any], false_positives: NDArray[Any]) -> Floats:
    """Precision by recall; ties broken at random as well, which is no straight line (Davis and Goadrich 2006).

    At each recall the threshold with the fewest false positives counts; at 0 stands the limit from above.
    """
    found, first = np.unique(np.append(0, true_positives), return_index=True)
    wanted = np.maximum(GRID, 1e-9) * true_positives[-1]
    wrong = np.interp(wanted, found, np.append(0, false_positives)[first])
    return np.asarray(wanted / (wanted + wrong))


def value_curves(truth: Floats, values: Floats) -> Curves:
    """Return how a regression's predictions and errors are distributed.

    Returns
    -------
    dict
        ``quantiles``: quantiles of the truth against those of the predictions, which agree where the predictions are
        spread as the truth is; ``residuals``: share of the rows against the residual (truth less prediction) that so
        many rows do not exceed.
    """
    return {
        "quantiles": _points(np.quantile(truth, GRID), np.quantile(values, GRID)),
        "residuals": _points(GRID, np.quantile(truth - values, GRID)),
    }


def calibration(truth: NDArray[Any], predictions: Predictions, n_classes: int) -> Calibration | None:
    """Compare what was predicted with what came true, in bins of about equal numbers of rows.

    Bins of equal numbers (Bröcker and Smith 2007, "Increasing the reliability of reliability diagrams") leave none
    nearly empty; rows of equal prediction share a bin. The error is the expected calibration error, ``sum over bins of
    (rows / all rows) |observed - predicted|`` (Naeini, Cooper and Hauskrecht 2015; in bins of equal numbers Nguyen and
    O'Connor 2015). It is above 0 for perfect probabilities too, the more so the fewer rows a bin has. Several classes
    are judged by the most probable one alone (Guo, Pleiss, Sun and Weinberger 2017).

    Parameters
    ----------
    truth : ndarray of shape (n,)
        Class codes, or values for regression.
    predictions : Predictions
        Aligned with `truth`.
    n_classes : int
        0 for regression.

    Returns
    -------
    Calibration or None
        None where a classification has no probabilities.
    """
    if not n_classes:
        return _of_bins("value", predictions.values, truth)
    if predictions.score_kind != "probability" or predictions.scores is None:
        return None
    probabilities = predictions.scores
    if n_classes == 2:
        made = _of_bins("probability", probabilities[:, 1], truth == 1)
    else:
        made = _of_bins("confidence", probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)
    n, _, squared = loss_sums(truth, probabilities, np.zeros(len(truth), dtype=np.intp), 1)[0]
    return made.model_copy(update={"brier": _short(squared / n)})


def _of_bins(kind: Any, predicted: Floats, observed: NDArray[Any]) -> Calibration:
    code = _bins(predicted)
    rows = np.bincount(code)
    means = [np.bincount(code, weights=values) / rows for values in (predicted, observed)]
    error = float(np.sum(rows * np.abs(means[1] - means[0])) / len(code))
    of_values = range(len(rows)) if kind == "value" else ()
    quartiles = [np.quantile(observed[code == number], (0.25, 0.75)) for number in of_values]
    return Calibration(
        kind=kind,
        predicted=tuple(map(_short, means[0])),
        observed=tuple(map(_short, means[1])),
        rows=tuple(rows.tolist()),
        quartiles=tuple((_short(low), _short(high)) for low, high in quartiles),
        error=_short(error),
    )


def _bins(predicted: Floats) -> NDArray[np.intp]:
    """Bin of each row, by rising prediction and none of them empty."""
    n_bins = min(MAX_BINS, max(2, len(predicted) // ROWS_A_BIN))
    edges = np.unique(np.quantile(predicted, np.arange(1, n_bins) / n_bins, method="lower"))
    return np.asarray(np.unique(np.searchsorted(edges, predicted, side="left"), return_inverse=True)[1])


def _points(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((_short(a), _short(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _short(value: float) -> float:
    """Four significant digits: more than a figure shows, and a small file."""
    return float(f"{float(value):.4g}")
