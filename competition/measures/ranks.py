"""Scores of the order that a solution gives to rows: exact ones from all of them, binned ones from histograms."""

import numpy as np

from competition.measures.sums import SCORE_BINS, Array, Params, ratio


def one_vs_rest(truth: Array, scores: Array) -> list[tuple[Array, Array]]:
    """Whether each row is of a class, beside its score: for the positive class of two, or for each class of several."""
    if scores.ndim == 1:
        return [(truth == 1, scores)]
    return [(truth == code, scores[:, code]) for code in range(scores.shape[1])]


def counts_by_threshold(is_class: Array, scores: Array) -> tuple[Array, Array]:
    """Count the rows that score at least as high as each distinct score.

    Parameters
    ----------
    is_class : ndarray of bool of shape (n,)
        Whether a row is of the class that high scores stand for; at least one row.
    scores : ndarray of shape (n,)
        Finite.

    Returns
    -------
    true_positives, false_positives : ndarray of int of shape (n_distinct,)
        By falling score, so that the last ones are all rows of the class, and all others.
    """
    rising = np.sort(scores)  # values are sorted in half the time of their places
    # Rows of equal score are told apart by no threshold.
    first_of_equals = np.flatnonzero(np.concatenate([[True], rising[1:] != rising[:-1]]))
    thresholds = rising[first_of_equals]
    is_rare = is_class if 2 * np.count_nonzero(is_class) <= len(is_class) else ~is_class
    place = np.searchsorted(thresholds, np.sort(scores[is_rare]))
    rare = np.cumsum(np.bincount(place, minlength=len(thresholds))[::-1])
    others = (len(scores) - first_of_equals)[::-1] - rare
    return (rare, others) if is_rare is is_class else (others, rare)


def roc_auc(true_positives: Array, false_positives: Array) -> float:
    """Share of (positive, negative) pairs in the right order, equal scores counting half.

    That is the area under the ROC curve by the trapezoidal rule (Fawcett, "An introduction to ROC analysis", 2006,
    algorithm 3), and the Mann-Whitney statistic by the number of pairs (Hanley and McNeil 1982). In whole numbers, so
    that nothing is rounded before the end.
    """
    above = np.concatenate([[0], true_positives[:-1]])
    twice = np.sum(np.diff(false_positives, prepend=0) * (above + true_positives))
    return float(twice / (2 * true_positives[-1] * false_positives[-1]))


def average_precision(true_positives: Array, false_positives: Array) -> float:
    """Sum over thresholds of the step in recall times the precision, without interpolation.

    As scikit-learn's ``average_precision_score``; Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval", 2008, chapter 8.4, where no scores are equal.
    """
    precision = true_positives / (true_positives + false_positives)
    return float(np.sum(np.diff(true_positives, prepend=0) * precision) / true_positives[-1])


def _histograms(statistics: Array) -> tuple[Array, Array]:
    """Negatives and positives of each side, by falling score: two arrays of shape (..., sides, bins)."""
    both = statistics.reshape(*statistics.shape[:-1], -1, 2, SCORE_BINS)[..., ::-1]
    return both[..., 0, :], both[..., 1, :]


def binned_roc_auc(statistics: Array, params: Params) -> Array:
    """Share of (positive, negative) pairs in the right order, ties within a bin counting half; mean over sides."""
    negative, positive = _histograms(statistics)
    below = negative.sum(-1, keepdims=True) - np.cumsum(negative, -1)
    pairs = positive.sum(-1) * negative.sum(-1)
    return np.asarray(ratio((positive * (below + negative / 2)).sum(-1), pairs, empty=np.nan).mean(-1))


def binned_average_precision(statistics: Array, params: Params) -> Array:
    """Mean precision over the positives, each bin at its own precision; mean over sides."""
    negative, positive = _histograms(statistics)
    true_positive = np.cumsum(positive, -1)
    precision = ratio(true_positive, true_positive + np.cumsum(negative, -1))
    return np.asarray(ratio((precision * positive).sum(-1), positive.sum(-1), empty=np.nan).mean(-1))
