"""Out-of-fold scores of small models, the measure of how strong a leak is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.audit.findings import Strength
from competition.audit.table import Audited, Floats

Learner = Callable[[bool], Any]
# Columns to fit on and to predict from, given the rows that may be fitted on.
MakeColumns = Callable[[NDArray[np.bool_]], Floats]
MAX_FITTED = 8_000
THRESHOLDS = np.linspace(0.05, 0.95, 19)


def tree(is_classifier: bool, leaves: int = 48, smallest: int = 5) -> Any:
    """A tree of few leaves, which bridges missing values."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if is_classifier else DecisionTreeRegressor
    return kind(max_leaf_nodes=leaves, min_samples_leaf=smallest, random_state=0)


def boosting(is_classifier: bool, iterations: int = 40) -> Any:
    """A short gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if is_classifier else HistGradientBoostingRegressor
    return kind(max_iter=iterations, learning_rate=0.2, max_leaf_nodes=15, early_stopping=False, random_state=0)


def boosting_for(table: Audited) -> Learner:
    """Gradient boosting that takes as long for many classes, each of which has a tree an iteration, as for a few."""
    return partial(boosting, iterations=max(8, min(40, 120 // max(1, len(table.classes)))))


def forest(is_classifier: bool) -> Any:
    """A bagged forest: not confused by wide tables of few rows."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    kind = ExtraTreesClassifier if is_classifier else ExtraTreesRegressor
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        kind(60, min_samples_leaf=2, max_features="sqrt", random_state=0),
    )


def strength(table: Audited, X: Floats, learner: Learner = tree, target: NDArray[Any] | None = None) -> Strength:
    """Score a model on fixed columns out of fold.

    Parameters
    ----------
    X : ndarray of shape (n_train, n_columns)
        NaN where missing.
    target : ndarray of int of shape (n_train,), optional
        0/1 labels to predict instead of the table's.
    """
    return strength_of(table, lambda known: X, learner, target)


def strength_of(
    table: Audited, columns: MakeColumns, learner: Learner = tree, target: NDArray[Any] | None = None
) -> Strength:
    """Score a model out of fold on columns that are made anew for each fold from the rows it may know.

    Labels in `columns` may only be used where its argument is true.
    """
    y = table.y if target is None else target
    n_classes = len(table.classes) if target is None else 2
    predicted = np.full((len(y), max(n_classes, 1)), np.nan)
    called = np.zeros(len(y))
    for fold in np.unique(table.fold[table.fold >= 0]):
        valid = table.fold == fold
        known = ~valid
        X = columns(known)
        fitted = _drawn(np.flatnonzero(known))
        if n_classes and len(np.unique(y[fitted])) < 2:
            continue
        model = learner(n_classes > 0).fit(X[fitted], y[fitted])
        if not n_classes:
            predicted[valid, 0] = model.predict(X[valid])
            continue
        seen = model.classes_.astype(np.intp)
        predicted[valid] = 0.0
        predicted[np.ix_(np.flatnonzero(valid), seen)] = model.predict_proba(X[valid])
        if n_classes == 2:
            threshold = _best_threshold(y[fitted], model.predict_proba(X[fitted])[:, 1])
            called[valid] = predicted[valid, 1] >= threshold
        else:
            called[valid] = predicted[valid].argmax(axis=1)
    done = np.isfinite(predicted[:, 0])
    return score(y[done], predicted[done], called[done], n_classes)


def _drawn(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most `MAX_FITTED` rows, drawn once and for all."""
    if len(rows) <= MAX_FITTED:
        return rows
    return np.sort(np.random.default_rng(1).choice(rows, MAX_FITTED, replace=False))


def _best_threshold(y: NDArray[Any], probability: Floats) -> float:
    """The threshold with the best F1 on the rows that were fitted on."""
    at = [f1(y == 1, probability >= threshold) for threshold in THRESHOLDS]
    best = np.flatnonzero(np.asarray(at) == max(at))
    return float(THRESHOLDS[best[len(best) // 2]])


def f1(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    """F1 of the true class; 0 where nothing is, or is called, true."""
    total = int(truth.sum() + called.sum())
    return 2 * int((truth & called).sum()) / total if total else 0.0


def auc(truth: NDArray[np.bool_], scores: Floats) -> float:
    """Area under the ROC curve (Mann and Whitney), equal scores counting half; 0.5 where one side is empty."""
    from scipy.stats import rankdata

    n_true, n_false = int(truth.sum()), int((~truth).sum())
    if not n_true or not n_false:
        return 0.5
    return float((rankdata(scores)[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def score(y: NDArray[Any], predicted: Floats, called: Floats, n_classes: int) -> Strength:
    """Score predictions.

    Parameters
    ----------
    predicted : ndarray of shape (n, n_classes) or (n, 1)
        Probabilities, or values.
    called : ndarray of shape (n,)
        The class that each row is given; not used for regression.
    """
    if len(y) == 0:
        return Strength("f1" if n_classes else "r2", 0.0, 0.0, 0.5 if n_classes else None)
    if not n_classes:
        around = float(np.sum((y - y.mean()) ** 2))
        r2 = 1 - float(np.sum((y - predicted[:, 0]) ** 2)) / around if around else 0.0
        return Strength("r2", r2, 0.0)
    if n_classes == 2:
        truth = y == 1
        always = f1(truth, np.ones(len(y), dtype=bool))
        return Strength("f1", f1(truth, called == 1), always, auc(truth, predicted[:, 1]))
    codes = [code for code in range(n_classes) if (y == code).any()]
    most_frequent = np.bincount(y.astype(np.intp)).argmax()
    per_class = [f1(y == code, called == code) for code in codes]
    always = f1(y == most_frequent, np.ones(len(y), dtype=bool)) / len(codes)
    areas = [auc(y == code, predicted[:, code]) for code in codes]
    return Strength("f1 (macro)", float(np.mean(per_class)), always, float(np.mean(areas)))
