"""Metrics by their scikit-learn names: what each one needs, which way is better, and how it is computed.

Most metrics are functions of *statistics* that add up over rows: the confusion matrix for labels, sums of errors for
regression, sums of losses for probabilities. Kept by cluster of rows, the same statistics give the score, its bootstrap
interval and the board of a fresh clone, without the rows. The two ranking metrics are computed from the order of all
rows; their statistics are histograms of the scores, which serve the interval alone. Where scikit-learn has a function
of the same name, the two agree; it is not imported, since that takes longer than many a fit.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from competition.results import Predictions

Task = Literal["binary", "multiclass", "regression"]
Needs = Literal["values", "scores", "probabilities"]
Array = NDArray[Any]
Params = Mapping[str, Any]

CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")
SCORE_BINS = 101
AVERAGES = ("macro", "micro", "weighted")
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : str
        The name used in ``competition.toml``: scikit-learn's, without ``_score``.
    title : str
        The name shown on the board.
    tasks : tuple of {"binary", "multiclass", "regression"}
        Tasks that it is defined for.
    needs : {"values", "scores", "probabilities"}
        What a solution must return: predicted values, scores that order the rows, or probabilities.
    greater_is_better : bool
        Direction.
    from_statistics : callable
        ``(statistics of shape (..., S), params) -> scores of shape (...)``; NaN where it is undefined.
    from_thresholds : callable, optional
        ``(true positives, false positives) -> score``, counted by `counts_by_threshold`, for the metrics that the
        statistics only approximate.
    params : tuple of str
        Parameters that ``[metric] params`` may set.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    needs: Needs
    greater_is_better: bool
    from_statistics: Callable[[Array, Params], Array]
    from_thresholds: Callable[[Array, Array], float] | None = None
    params: tuple[str, ...] = ()

    @property
    def pooled(self) -> bool:
        """Whether a score is taken over the out-of-fold rows of a repeat together.

        Scores of models fitted on different folds are not comparable, so ranking metrics are averaged over folds
        instead (Forman and Scholz, "Apples-to-apples in cross-validation studies", 2010).
        """
        return self.from_thresholds is None


@dataclass(frozen=True)
class Scorer:
    """A metric bound to a task.

    Parameters
    ----------
    metric : Metric
        What is computed.
    n_classes : int
        Number of classes; 0 for regression. In a binary task class 1 is the positive one.
    params : mapping
        The metric's parameters, such as ``{"beta": 2}``.
    """

    metric: Metric
    n_classes: int
    params: Params = field(default_factory=dict)

    def __call__(self, truth: Array, predictions: Predictions) -> float | None:
        """Score predictions.

        Parameters
        ----------
        truth : ndarray of shape (n,)
            Class codes, or values for regression.
        predictions : Predictions
            Aligned with `truth`.

        Returns
        -------
        float or None
            None where the metric is undefined: no probabilities, no row, a single class where two are needed.
        """
        return score_together([self], truth, predictions)[self.metric.name]

    def from_statistics(self, statistics: Array) -> float | None:
        """Score of one vector of statistics, None where it is undefined."""
        score = float(self.metric.from_statistics(np.asarray(statistics, dtype=np.float64), self.params))
        return score if np.isfinite(score) else None

    def statistics(self, truth: Array, predictions: Predictions, cluster: Array, n_clusters: int) -> Array | None:
        """Sum what the metric needs over each cluster of rows.

        Parameters
        ----------
        truth : ndarray of shape (n,)
            Class codes, or values for regression.
        predictions : Predictions
            Aligned with `truth`.
        cluster : ndarray of int of shape (n,)
            The cluster of each row, in ``range(n_clusters)``.
        n_clusters : int
            Number of clusters.

        Returns
        -------
        ndarray of shape (n_clusters, S) or None
            None where the predictions lack what the metric needs.
        """
        return _statistics(self.metric.needs, self.n_classes, truth, predictions, cluster, n_clusters)


def score_together(scorers: Collection[Scorer], truth: Array, predictions: Predictions) -> dict[str, float | None]:
    """Score predictions by several metrics of one task, which share what they are computed from.

    Parameters
    ----------
    scorers : collection of Scorer
        All with the same number of classes.
    truth, predictions
        As `Scorer.__call__` takes them.

    Returns
    -------
    dict
        Score by the metric's name, None where it is undefined.
    """
    if len(truth) == 0:
        return {scorer.metric.name: None for scorer in scorers}
    kinds = {(scorer.metric.needs, scorer.n_classes) for scorer in scorers if scorer.metric.pooled}
    together = np.zeros(len(truth), dtype=np.intp)
    sums = {needs: _statistics(needs, n_classes, truth, predictions, together, 1) for needs, n_classes in kinds}
    ranked = None if all(scorer.metric.pooled for scorer in scorers) else _ranked(truth, predictions)
    scores = {}
    for scorer in scorers:
        if scorer.metric.from_thresholds is not None:
            sides = [] if ranked is None else [scorer.metric.from_thresholds(*side) for side in ranked]
            scores[scorer.metric.name] = float(np.mean(sides)) if sides else None
        else:
            statistics = sums[scorer.metric.needs]
            scores[scorer.metric.name] = None if statistics is None else scorer.from_statistics(statistics[0])
    return scores


def _ranked(truth: Array, predictions: Predictions) -> list[tuple[Array, Array]] | None:
    """Counts by threshold of each side, None without scores, or where a side has rows of one kind only."""
    scores = predictions.ranking_scores()
    if scores is None:
        return None
    sides = [counts_by_threshold(*side) for side in one_vs_rest(truth, scores)]
    return sides if all(positive[-1] and negative[-1] for positive, negative in sides) else None


def _statistics(
    needs: Needs, n_classes: int, truth: Array, predictions: Predictions, cluster: Array, n_clusters: int
) -> Array | None:
    match needs:
        case "values" if n_classes:
            return confusion_counts(truth, predictions.values, cluster, n_clusters, n_classes)
        case "values":
            return error_sums(truth, predictions.values, cluster, n_clusters)
        case "probabilities":
            if predictions.score_kind != "probability" or predictions.scores is None:
                return None
            return loss_sums(truth, predictions.scores, cluster, n_clusters)
        case "scores":
            scores = predictions.ranking_scores()
            if scores is None:
                return None
            sides = one_vs_rest(truth, scores)
            return np.hstack([score_histograms(*side, cluster, n_clusters) for side in sides])


# --- statistics: what is summed over the rows of a cluster ---


def confusion_counts(truth: Array, values: Array, cluster: Array, n_clusters: int, n_classes: int) -> Array:
    """Confusion matrices, flattened: row = true class, column = predicted class.

    Returns
    -------
    ndarray of int of shape (n_clusters, n_classes ** 2)
    """
    size = n_classes * n_classes
    cell = (cluster.astype(np.intp) * n_classes + truth.astype(np.intp)) * n_classes + values.astype(np.intp)
    return np.bincount(cell, minlength=n_clusters * size).reshape(n_clusters, size)


def error_sums(truth: Array, values: Array, cluster: Array, n_clusters: int) -> Array:
    """Sums for regression: n, absolute errors, squared errors, truth, squared truth.

    Returns
    -------
    ndarray of float of shape (n_clusters, 5)
    """
    error = values - truth
    columns = (np.ones_like(error), np.abs(error), error**2, truth, truth**2)
    return _sums(columns, cluster, n_clusters)


def loss_sums(truth: Array, probabilities: Array, cluster: Array, n_clusters: int) -> Array:
    """Sums for probabilities: n, log losses, squared errors of the probability vector.

    Returns
    -------
    ndarray of float of shape (n_clusters, 3)
    """
    rows = np.arange(len(truth))
    of_truth = probabilities[rows, truth.astype(np.intp)] / probabilities.sum(axis=1)
    log_loss = -np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0))
    one_hot = np.zeros_like(probabilities)
    one_hot[rows, truth.astype(np.intp)] = 1.0
    squared = ((probabilities - one_hot) ** 2).sum(axis=1)
    if probabilities.shape[1] == 2:
        squared = squared / 2  # the binary Brier score looks at the positive class alone
    return _sums((np.ones_like(log_loss), log_loss, squared), cluster, n_clusters)


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
    order = np.argsort(scores)[::-1]
    falling = scores[order]
    # Rows of equal score are told apart by no threshold.
    last_of_equals = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(scores) - 1)
    true_positives = np.cumsum(is_class[order])[last_of_equals]
    return true_positives, last_of_equals + 1 - true_positives


def score_histograms(is_class: Array, scores: Array, cluster: Array, n_clusters: int) -> Array:
    """Histograms of the scores of negatives and positives over `SCORE_BINS` bins.

    Half of the edges are quantiles of the negatives' scores and half of the positives', so that the bins stay narrow
    at the top, where average precision is decided, however rare the positives are.

    Returns
    -------
    ndarray of int of shape (n_clusters, 2 * SCORE_BINS)
        First the negatives, by rising score, then the positives.
    """
    shares = np.linspace(0, 1, SCORE_BINS // 2)
    sides = [scores[~is_class], scores[is_class]]
    edges = np.sort(np.concatenate([np.quantile(side, shares) for side in sides if len(side)]))
    bin_of = np.searchsorted(edges, scores, side="right")
    cell = (cluster.astype(np.intp) * 2 + is_class) * SCORE_BINS + bin_of
    return np.bincount(cell, minlength=n_clusters * 2 * SCORE_BINS).reshape(n_clusters, 2 * SCORE_BINS)


def _sums(columns: tuple[Array, ...], cluster: Array, n_clusters: int) -> Array:
    return np.stack([np.bincount(cluster, weights=column, minlength=n_clusters) for column in columns], axis=1)


# --- scores from statistics ---


def _matrix(statistics: Array) -> Array:
    n_classes = round(statistics.shape[-1] ** 0.5)
    return np.asarray(statistics.reshape(*statistics.shape[:-1], n_classes, n_classes))


def _ratio(numerator: Array, denominator: Array, *, empty: float = 0.0) -> Array:
    out = np.full(np.shape(denominator), empty)
    return np.asarray(np.divide(numerator, denominator, out=out, where=denominator != 0))


def _averaged(per_class: Array, support: Array, params: Params) -> Array:
    """Reduce scores of shape (..., K): the positive class of two, else the chosen average."""
    if per_class.shape[-1] == 2:
        return np.asarray(per_class[..., 1])
    if params.get("average", "macro") == "weighted":
        return np.asarray((per_class * support).sum(-1) / support.sum(-1))
    return np.asarray(per_class.mean(-1))


def _accuracy(statistics: Array, params: Params) -> Array:
    """Share of rows whose label is right."""
    matrix = _matrix(statistics)
    return _ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum((-2, -1)), empty=np.nan)


def _fbeta(statistics: Array, params: Params) -> Array:
    """(1 + b²) tp / ((1 + b²) tp + b² fn + fp); 0 where nothing is, or is called, positive."""
    matrix = _matrix(statistics)
    if matrix.shape[-1] > 2 and params.get("average") == "micro":
        return _accuracy(statistics, params)
    beta2 = float(params.get("beta", 1.0)) ** 2
    hit = np.diagonal(matrix, axis1=-2, axis2=-1)
    support, called = matrix.sum(-1), matrix.sum(-2)
    return _averaged(_ratio((1 + beta2) * hit, beta2 * support + called), support, params)


def _precision(statistics: Array, params: Params) -> Array:
    """Share of the rows called positive that are."""
    return _fbeta(statistics, {**params, "beta": 0.0})


def _recall(statistics: Array, params: Params) -> Array:
    """Share of the positive rows that are found."""
    matrix = _matrix(statistics)
    if matrix.shape[-1] > 2 and params.get("average") == "micro":
        return _accuracy(statistics, params)
    support = matrix.sum(-1)
    return _averaged(_ratio(np.diagonal(matrix, axis1=-2, axis2=-1), support), support, params)


def _balanced_accuracy(statistics: Array, params: Params) -> Array:
    """Mean recall over the classes that occur."""
    matrix = _matrix(statistics)
    support = matrix.sum(-1)
    recall = _ratio(np.diagonal(matrix, axis1=-2, axis2=-1), support)
    return _ratio(recall.sum(-1), (support > 0).sum(-1), empty=np.nan)


def _matthews_corrcoef(statistics: Array, params: Params) -> Array:
    """Correlation of truth and prediction (Gorodkin 2004 for several classes); 0 where one of them is constant."""
    matrix = _matrix(statistics)
    total = matrix.sum((-2, -1))
    support, called = matrix.sum(-1), matrix.sum(-2)
    covariance = np.trace(matrix, axis1=-2, axis2=-1) * total - (support * called).sum(-1)
    scale = np.sqrt((total**2 - (called**2).sum(-1)) * (total**2 - (support**2).sum(-1)))
    return _ratio(covariance, scale)


def _mean_of(column: int) -> Callable[[Array, Params], Array]:
    def mean(statistics: Array, params: Params) -> Array:
        return _ratio(statistics[..., column], statistics[..., 0], empty=np.nan)

    return mean


def _root_mean_squared_error(statistics: Array, params: Params) -> Array:
    """Square root of the mean squared error, in units of the target."""
    return np.sqrt(_ratio(statistics[..., 2], statistics[..., 0], empty=np.nan))


def _nrmse(statistics: Array, params: Params) -> Array:
    """RMSE over the mean of the truth, as usual for traffic (Zhang and Patras 2018); undefined for a mean of 0."""
    mean = _ratio(statistics[..., 3], statistics[..., 0], empty=np.nan)
    return _ratio(_root_mean_squared_error(statistics, params), np.abs(mean), empty=np.nan)


def _r2(statistics: Array, params: Params) -> Array:
    """1 - squared errors / squared deviations of the truth; undefined for a constant truth."""
    n, truth, squared_truth = statistics[..., 0], statistics[..., 3], statistics[..., 4]
    deviation = squared_truth - _ratio(truth**2, n)
    constant = deviation <= 1e-12 * np.maximum(squared_truth, 1e-300)
    return 1 - _ratio(statistics[..., 2], np.where(constant, 0.0, deviation), empty=np.nan)


def _histograms(statistics: Array) -> tuple[Array, Array]:
    """Negatives and positives of each side, by falling score: two arrays of shape (..., sides, bins)."""
    both = statistics.reshape(*statistics.shape[:-1], -1, 2, SCORE_BINS)[..., ::-1]
    return both[..., 0, :], both[..., 1, :]


def _binned_roc_auc(statistics: Array, params: Params) -> Array:
    """Share of (positive, negative) pairs in the right order, ties within a bin counting half; mean over sides."""
    negative, positive = _histograms(statistics)
    below = negative.sum(-1, keepdims=True) - np.cumsum(negative, -1)
    pairs = positive.sum(-1) * negative.sum(-1)
    return np.asarray(_ratio((positive * (below + negative / 2)).sum(-1), pairs, empty=np.nan).mean(-1))


def _binned_average_precision(statistics: Array, params: Params) -> Array:
    """Mean precision over the positives, each bin at its own precision; mean over sides."""
    negative, positive = _histograms(statistics)
    true_positive = np.cumsum(positive, -1)
    precision = _ratio(true_positive, true_positive + np.cumsum(negative, -1))
    return np.asarray(_ratio((precision * positive).sum(-1), positive.sum(-1), empty=np.nan).mean(-1))


# --- scores from counts by threshold ---


def _roc_auc(true_positives: Array, false_positives: Array) -> float:
    """Share of (positive, negative) pairs in the right order, equal scores counting half.

    That is the area under the ROC curve by the trapezoidal rule (Fawcett, "An introduction to ROC analysis", 2006,
    algorithm 3), and the Mann-Whitney statistic by the number of pairs (Hanley and McNeil 1982). In whole numbers, so
    that nothing is rounded before the end.
    """
    above = np.concatenate([[0], true_positives[:-1]])
    twice = np.sum(np.diff(false_positives, prepend=0) * (above + true_positives))
    return float(twice / (2 * true_positives[-1] * false_positives[-1]))


def _average_precision(true_positives: Array, false_positives: Array) -> float:
    """Sum over thresholds of the step in recall times the precision, without interpolation.

    As scikit-learn's ``average_precision_score``; Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval", 2008, chapter 8.4, where no scores are equal.
    """
    precision = true_positives / (true_positives + false_positives)
    return float(np.sum(np.diff(true_positives, prepend=0) * precision) / true_positives[-1])


_AVERAGE = ("average",)
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("f1", "F1", CLASSIFICATION, "values", True, _fbeta, params=_AVERAGE),
        Metric("fbeta", "F-beta", CLASSIFICATION, "values", True, _fbeta, params=("beta", "average")),
        Metric("precision", "Precision", CLASSIFICATION, "values", True, _precision, params=_AVERAGE),
        Metric("recall", "Recall", CLASSIFICATION, "values", True, _recall, params=_AVERAGE),
        Metric("accuracy", "Accuracy", CLASSIFICATION, "values", True, _accuracy),
        Metric("balanced_accuracy", "Balanced accuracy", CLASSIFICATION, "values", True, _balanced_accuracy),
        Metric("matthews_corrcoef", "MCC", CLASSIFICATION, "values", True, _matthews_corrcoef),
        Metric(
            "average_precision",
            "Average precision",
            CLASSIFICATION,
            "scores",
            True,
            _binned_average_precision,
            _average_precision,
        ),
        Metric("roc_auc", "ROC AUC", CLASSIFICATION, "scores", True, _binned_roc_auc, _roc_auc),
        Metric("log_loss", "Log loss", CLASSIFICATION, "probabilities", False, _mean_of(1)),
        Metric("brier_score_loss", "Brier score", CLASSIFICATION, "probabilities", False, _mean_of(2)),
        Metric("mean_absolute_error", "MAE", ("regression",), "values", False, _mean_of(1)),
        Metric("mean_squared_error", "MSE", ("regression",), "values", False, _mean_of(2)),
        Metric("root_mean_squared_error", "RMSE", ("regression",), "values", False, _root_mean_squared_error),
        Metric("nrmse", "NRMSE", ("regression",), "values", False, _nrmse),
        Metric("r2", "R²", ("regression",), "values", True, _r2),
    )
}
