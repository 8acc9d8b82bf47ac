# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Local linear discriminant, no boosting"
# authors = ["Podium"]
# tags = ["linear", "context", "threshold"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""What an unusual day does to a cell depends on the cell and the hour, and one slot of 15 rows is too few to learn it.

So each cell and quarter of an hour has a linear discriminant of its own (Fisher 1936). Its class means are those of the
labelled rows in the quarters around, weighted by how near they are and without its own; the covariance is that of the
cell. Counters are taken as residuals from the cell's smoothed daily profile, for which labels are not needed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

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
WIDTH = 3.0  # quarters of an hour over which class means are taken


def make_estimator(random_state: int, n_threads: int) -> "LocalDiscriminant":
    return LocalDiscriminant()


class LocalDiscriminant(ClassifierMixin, BaseEstimator):
    """Local discriminant; its threshold has the highest F1 over training rows, whose own slot it has not seen."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "LocalDiscriminant":
        """Keep the rows, and find the threshold."""
        self.classes_ = np.unique(y)
        self.cells_ = np.unique(X["CellName"].to_numpy(str))
        self.rows_, self.y_ = lay_out(X, self.cells_), np.asarray(y)
        self.threshold_ = best_threshold(self.y_, score(self.rows_, self.y_))
        return self

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        """Return the log odds of label 1."""
        rows = joined(self.rows_, lay_out(X, self.cells_))
        return score(rows, self.y_)[len(self.y_) :]

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return 1 where the log odds reach the threshold."""
        return (self.decision_function(X) >= self.threshold_).astype(int)


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


def score(rows: Rows, y: np.ndarray) -> np.ndarray:
    """Return log odds of label 1 for each row; the first len(y) rows are the labelled ones.

    No label of a slot moves a class mean of that slot, so labelled and new rows are treated alike.
    """
    logs = np.log(rows.counters + np.array(list(OFFSETS.values())))
    of_logs, of_roots = residuals(rows, logs), residuals(rows, np.sqrt(rows.counters))
    bounded = np.hstack([2 * np.tanh(of_logs / 2), 2 * np.tanh(of_roots / 2)])
    return discriminant(rows, bounded, y, WIDTH) + np.log(y.mean() / (1 - y.mean()))


def discriminant(rows: Rows, values: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Log likelihood ratio of the classes in a Gaussian model.

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
    ratio = np.empty(len(values))
    for cell in np.unique(rows.cell):
        here, labelled = rows.cell == cell, rows.cell[: len(y)] == cell
        covariance = np.cov(own[labelled].T) if labelled.sum() > 5 * values.shape[1] else pooled
        variance = np.diag(covariance) + 1e-3
        precision = np.linalg.inv(0.97 * covariance + np.diag(0.03 * variance + 1e-3))
        squared = [np.einsum("nd,de,ne->n", away[here], precision, away[here]) for away in (from_0, from_1)]
        ratio[here] = (squared[0] - squared[1]) / 2
    return ratio


# --- decisions ---


def best_threshold(y: np.ndarray, score: np.ndarray) -> float:
    """Return the cut on the score with the highest F1."""
    order = np.argsort(-score, kind="stable")
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    return float(score[order][np.argmax(f1)])
