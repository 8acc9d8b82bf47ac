"""Metrics by their scikit-learn names: what each one needs, which way is better, and how it is computed.

Most metrics are functions of *statistics* that add up over rows: the confusion matrix for labels, sums of errors for
regression, sums of losses for probabilities. Kept by cluster of rows, the same statistics give the score, its bootstrap
interval and the board of a fresh clone, without the rows. The two ranking metrics are computed from the order of all
rows; their statistics are histograms of the scores, which serve the interval alone. Where scikit-learn has a function
of the same name, the two agree; it is not imported, since that takes longer than many a fit.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from competition.measures import errors, labels, ranks, sums
from competition.measures.sums import SCORE_BINS, Array, Params
from competition.predictions import Predictions

__all__ = ["AVERAGES", "METRICS", "SCORE_BINS", "Metric", "Scorer", "Task", "score_together"]

Task = Literal["binary", "multiclass", "regression"]
Needs = Literal["values", "scores", "probabilities"]

CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")
AVERAGES = ("macro", "micro", "weighted")


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
        ``(true positives, false positives) -> score``, counted by `ranks.counts_by_threshold`, for the metrics that the
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
        scores = predictions.ranking_scores()
        match self.metric.needs:
            case "values" if self.n_classes:
                return sums.confusion_counts(truth, predictions.values, cluster, n_clusters, self.n_classes)
            case "values":
                return sums.error_sums(truth, predictions.values, cluster, n_clusters)
            case "probabilities" if predictions.score_kind == "probability" and predictions.scores is not None:
                return sums.loss_sums(truth, predictions.scores, cluster, n_clusters)
            case "scores" if scores is not None:
                sides = ranks.one_vs_rest(truth, scores)
                return np.hstack([sums.score_histograms(*side, cluster, n_clusters) for side in sides])
        return None


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
    # Metrics that need the same share their sums, whichever of them makes these.
    makers = {scorer.metric.needs: scorer for scorer in scorers if scorer.metric.pooled}
    together = np.zeros(len(truth), dtype=np.intp)
    summed = {needs: scorer.statistics(truth, predictions, together, 1) for needs, scorer in makers.items()}
    ranked = None if all(scorer.metric.pooled for scorer in scorers) else _ranked(truth, predictions)
    scores = {}
    for scorer in scorers:
        if scorer.metric.from_thresholds is not None:
            sides = [] if ranked is None else [scorer.metric.from_thresholds(*side) for side in ranked]
            scores[scorer.metric.name] = float(np.mean(sides)) if sides else None
        else:
            statistics = summed[scorer.metric.needs]
            scores[scorer.metric.name] = None if statistics is None else scorer.from_statistics(statistics[0])
    return scores


def _ranked(truth: Array, predictions: Predictions) -> list[tuple[Array, Array]] | None:
    """Counts by threshold of each side, None without scores, or where a side has rows of one kind only."""
    scores = predictions.ranking_scores()
    if scores is None:
        return None
    sides = [ranks.counts_by_threshold(*side) for side in ranks.one_vs_rest(truth, scores)]
    return sides if all(positive[-1] and negative[-1] for positive, negative in sides) else None


_AVERAGE = ("average",)
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("f1", "F1", CLASSIFICATION, "values", True, labels.fbeta, params=_AVERAGE),
        Metric("fbeta", "F-beta", CLASSIFICATION, "values", True, labels.fbeta, params=("beta", "average")),
        Metric("precision", "Precision", CLASSIFICATION, "values", True, labels.precision, params=_AVERAGE),
        Metric("recall", "Recall", CLASSIFICATION, "values", True, labels.recall, params=_AVERAGE),
        Metric("accuracy", "Accuracy", CLASSIFICATION, "values", True, labels.accuracy),
        Metric("balanced_accuracy", "Balanced accuracy", CLASSIFICATION, "values", True, labels.balanced_accuracy),
        Metric("matthews_corrcoef", "MCC", CLASSIFICATION, "values", True, labels.matthews_corrcoef),
        Metric(
            "average_precision",
            "Average precision",
            CLASSIFICATION,
            "scores",
            True,
            ranks.binned_average_precision,
            ranks.average_precision,
        ),
        Metric("roc_auc", "ROC AUC", CLASSIFICATION, "scores", True, ranks.binned_roc_auc, ranks.roc_auc),
        Metric("log_loss", "Log loss", CLASSIFICATION, "probabilities", False, errors.mean_of(1)),
        Metric("brier_score_loss", "Brier score", CLASSIFICATION, "probabilities", False, errors.mean_of(2)),
        Metric("mean_absolute_error", "MAE", ("regression",), "values", False, errors.mean_of(1)),
        Metric("mean_squared_error", "MSE", ("regression",), "values", False, errors.mean_of(2)),
        Metric("root_mean_squared_error", "RMSE", ("regression",), "values", False, errors.root_mean_squared_error),
        Metric("nrmse", "NRMSE", ("regression",), "values", False, errors.nrmse),
        Metric("r2", "R²", ("regression",), "values", True, errors.r2),
    )
}
