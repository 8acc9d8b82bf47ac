# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Local discriminant, LightGBM"
# authors = ["Podium"]
# tags = ["gradient-boosting", "context", "threshold"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""A booster needs a split for every cell and hour to learn what an unusual day does there; a discriminant is smooth.

So LightGBM is given the log likelihood ratios of local linear discriminants, learned over narrow and wide windows of
the day and never on the slot's own labels. Beside them stand the counters, their residuals from the cell's smoothed
daily profile and their deviation from the slot's median. LightGBM is fitted on four fifths of the slots five times; the
fifth left out gives the threshold.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold

# Added before the logarithm, about one step of the counter: idle hours are not to outweigh all others
OFFSETS = {
    "PRBUsageUL": 0.1,
    "PRBUsageDL": 0.1,
    "meanThr_DL": 0.01,
    "meanThr_UL": 0.005,
    "maxThr_DL": 0.2,
    "maxThr_UL": 0.05,
    "meanUE_DL": 0.02,
    "meanUE_UL": 0.02,
    "maxUE_DL": 0.5,
    "maxUE_UL": 0.5,
}
QUARTERS = 96
WIDTHS = (3.0, 1.8, 6.0, 14.0)  # quarters of an hour over which a discriminant is learned; the first by counter too


def make_estimator(random_state: int, n_threads: int) -> "DiscriminantBooster":
    return DiscriminantBooster(random_state=random_state, n_threads=n_threads)


class DiscriminantBooster(ClassifierMixin, BaseEstimator):
    """LightGBM on each of five parts of the slots, and the threshold with the highest F1."""

    def __init__(self, random_state: int = 0, n_threads: int = 1):
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "DiscriminantBooster":
        """Fit a model on each four fifths of the slots, and find the threshold on the slots that it has not seen."""
        self.classes_ = np.unique(y)
        self.cells_ = np.unique(X["CellName"].to_numpy(str))
        self.rows_, self.y_ = lay_out(X, self.cells_), np.asarray(y)
        features = context(self.rows_, self.y_)
        self.models_, out_of_fold = [], np.empty(len(X))
        folds = GroupKFold(5, shuffle=True, random_state=self.random_state)
        for train, valid in folds.split(X, groups=self.rows_.slot):
            model = self._model().fit(features[train], y[train])
            out_of_fold[valid] = mean_log_odds([model], features[valid])
            self.models_.append(model)
        self.threshold_ = best_threshold(self.y_, out_of_fold)
        return self

    def _model(self) -> LGBMClassifier:
        return LGBMClassifier(
            n_estimators=300,
            learning_rate=0.04,
            num_leaves=15,
            min_child_samples=40,
            reg_lambda=5,
            colsample_bytree=0.3,
            subsample=0.7,
            subsample_freq=1,
            random_state=self.random_state,
            n_jobs=self.n_threads,
            verbose=-1,
        )

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of both classes."""
        probability = 1 / (1 + np.exp(-self._log_odds(X)))
        return np.column_stack([1 - probability, probability])

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return 1 where the log odds reach the threshold."""
        return (self._log_odds(X) >= self.threshold_).astype(int)

    def _log_odds(self, X: pd.DataFrame) -> np.ndarray:
        rows = joined(self.rows_, lay_out(X, self.cells_))
        return mean_log_odds(self.models_, context(rows, self.y_)[len(self.y_) :])


# --- rows, and those of the same cell at the same time of day ---


@dataclass(frozen=True)
class Rows:
    """Rows as arrays of shape (n, 10) or (n,): counters; cell, whose number is the count of cells if new; quarter."""

    counters: np.ndarray
    cell: np.ndarray
    quarter: np.ndarray

    @property
    def slot(self) -> np.ndarray:
        """Number of the cell and quarter together."""
        return self.cell * QUARTERS + self.quarter


def lay_out(X: pd.DataFrame, cells: np.ndarray) -> Rows:
    """Turn a table into arrays; maxima are missing where nobody was active, so they are 0."""
    clock = X["Time"].str.split(":", expand=True).astype(int).to_numpy()
    names = X["CellName"].to_numpy(str)
    cell = np.searchsorted(cells, names)
    known = cells[np.minimum(cell, len(cells) - 1)] == names
    counters = np.nan_to_num(X[list(OFFSETS)].to_numpy(float))
    return Rows(counters, np.where(known, cell, len(cells)), 4 * clock[:, 0] + clock[:, 1] // 15)


def joined(first: Rows, second: Rows) -> Rows:
    """Put rows below each other."""
    return Rows(
        np.concatenate([first.counters, second.counters]),
        np.concatenate([first.cell, second.cell]),
        np.concatenate([first.quarter, second.quarter]),
    )


def sums(rows: Rows, values: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum the values of the chosen rows by cell and quarter, and count them; cells x quarters x columns."""
    n_cells = int(rows.cell.max()) + 1
    total = np.zeros((n_cells * QUARTERS, values.shape[1]))
    np.add.at(total, rows.slot[chosen], values[chosen])
    count = np.bincount(rows.slot[chosen], minlength=len(total)).astype(float)
    return total.reshape(n_cells, QUARTERS, -1), count.reshape(n_cells, QUARTERS, 1)


def nearness(width: float) -> np.ndarray:
    """Weights between quarters of the day, which is a circle, of shape (96, 96)."""
    apart = np.abs((np.arange(QUARTERS)[:, None] - np.arange(QUARTERS) + 48) % QUARTERS - 48)
    return np.exp(-0.5 * (apart / width) ** 2)


def around(weights: np.ndarray, total: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum cells x quarters x columns over the quarters around, by weight."""
    return np.einsum("ab,cbd->cad", weights, total), np.einsum("ab,cbd->cad", weights, count)


def residuals(rows: Rows, values: np.ndarray) -> np.ndarray:
    """Standardise values by the smoothed daily profile of their cell; no label is used."""
    everyone = np.ones(len(values), dtype=bool)

    def profile(what: np.ndarray, width: float) -> np.ndarray:
        total, count = around(nearness(width), *sums(rows, what, everyone))
        return (total / count)[rows.cell, rows.quarter]

    away = values - profile(values, 1.0)
    return away / (np.sqrt(profile(away**2, 4.0)) + 0.1)


# --- what labels say ---


def context(rows: Rows, y: np.ndarray) -> np.ndarray:
    """Return a row of features for each row; the first len(y) rows are the labelled ones.

    No label of a slot moves a class mean of that slot, so labelled and new rows are treated alike.
    """
    logs = np.log(rows.counters + np.array(list(OFFSETS.values())))
    of_logs, of_roots = residuals(rows, logs), residuals(rows, np.sqrt(rows.counters))
    bounded = np.hstack([2 * np.tanh(of_logs / 2), 2 * np.tanh(of_roots / 2)])
    evidence = [discriminant(rows, bounded, y, width) for width in WIDTHS]
    wide = [each[:, -1:] for each in evidence[1:]]
    from_median = logs - pd.DataFrame(logs).groupby(rows.slot).transform("median").to_numpy()
    place = np.column_stack([rows.cell, rows.quarter])
    return np.hstack([place, rows.counters, of_logs, of_roots, from_median, evidence[0], *wide])


def discriminant(rows: Rows, values: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Log likelihood ratio of the classes, by column and (last) jointly, in a Gaussian model.

    Each cell and quarter has class means of its own, from labelled rows of the cell in the quarters around. Both
    classes share a covariance, one for each cell.
    """
    known = np.arange(len(values)) < len(y)
    weights = nearness(width)
    np.fill_diagonal(weights, 0)
    means = []
    for label in (0, 1):
        chosen = known.copy()
        chosen[: len(y)] &= y == label
        total, count = around(weights, *sums(rows, values, chosen))
        everywhere = values[chosen].mean(axis=0)  # for a cell without labelled rows
        means.append(((total + 0.01 * everywhere) / (count + 0.01))[rows.cell, rows.quarter])
    from_0, from_1 = values - means[0], values - means[1]
    own = np.where((y == 1)[:, None], from_1[: len(y)], from_0[: len(y)])
    pooled = np.cov(own.T)
    ratio = np.empty((len(values), values.shape[1] + 1))
    for cell in np.unique(rows.cell):
        here, labelled = rows.cell == cell, rows.cell[: len(y)] == cell
        covariance = np.cov(own[labelled].T) if labelled.sum() > 5 * values.shape[1] else pooled
        variance = np.diag(covariance) + 1e-3
        precision = np.linalg.inv(0.97 * covariance + np.diag(0.03 * variance + 1e-3))
        ratio[here, :-1] = (from_0[here] ** 2 - from_1[here] ** 2) / (2 * variance)
        squared = [np.einsum("nd,de,ne->n", away[here], precision, away[here]) for away in (from_0, from_1)]
        ratio[here, -1] = (squared[0] - squared[1]) / 2
    return ratio


# --- decisions ---


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Return the logarithm of p / (1 - p), bounded."""
    bounded = np.clip(probability, 0.005, 0.995)
    return np.log(bounded / (1 - bounded))


def mean_log_odds(models: list, features: np.ndarray) -> np.ndarray:
    """Average what the models say of class 1."""
    return np.mean([log_odds(model.predict_proba(features)[:, 1]) for model in models], axis=0)


def best_threshold(y: np.ndarray, score: np.ndarray) -> float:
    """Return the cut on the score with the highest F1."""
    order = np.argsort(-score, kind="stable")
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    return float(score[order][np.argmax(f1)])
