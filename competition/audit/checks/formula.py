"""A target that follows from few columns by a formula, exactly."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.audit.findings import Finding, Skip, Strength
from competition.audit.models import auc, score, strength, tree
from competition.audit.significance import explained
from competition.audit.table import Audited, Column, Floats

EXACT = 0.9999  # R², ROC AUC
NO_ERROR = 0.99  # F1, since a threshold is known from few rows
MIN_ROWS = 200
MIN_OF_CLASS = 50
MAX_CANDIDATES = 10
MAX_ROWS = 6_000
LEAVES = 6
AT_EDGE = 40  # rows next to a threshold
CROWDED = 0.3  # their density beside that of all rows
FEW = 3
LIKELY = 0.5  # share of a class's variance between bins of what it is to follow from

OPERATIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "×": np.multiply,
    "/": lambda a, b: np.divide(a, b, out=np.full_like(a, np.nan), where=b != 0),
}
MAX_CLASSES = 10


def formula(table: Audited) -> list[Finding]:
    """A shallow model on up to three columns is right on every row."""
    table.need_labels()
    if table.n < MIN_ROWS:
        raise Skip(f"{table.n} train rows are too few to call a rule exact ({MIN_ROWS})")
    if table.classes and np.bincount(table.y).min() < MIN_OF_CLASS:
        raise Skip(f"a class has fewer than {MIN_OF_CLASS} rows, too few to call a rule exact")
    numbers = [one for one in table.number_columns() if one.n_distinct > 2]
    if not numbers:
        raise Skip("no column of numbers has more than two values")
    found = _rule(table, numbers) if table.classes else _equation(table, numbers)
    if found is None:
        return []
    told, columns, reached = found
    return [
        Finding(
            "formula",
            "severe",
            f"the target follows from {told} without an error worth the name",
            tuple(one.name for one in columns),
            "find out whether the target was made from these columns; measured labels have errors next to a threshold",
            reached,
            rows=table.rows(np.argsort(columns[0].values[: table.n], kind="stable")[:6]),
        )
    ]


Found = tuple[str, list[Column], Strength]


# --- classes ---


def _rule(table: Audited, numbers: list[Column]) -> Found | None:
    """A tree of few leaves, or a threshold on two columns taken together."""
    X = table.matrix(numbers)[: table.n]
    model = tree(True, LEAVES, 1).fit(X, table.y)
    used = [numbers[at] for at in np.unique(model.tree_.feature[model.tree_.feature >= 0])]
    if used and len(used) <= FEW and _crowded_tree(model.tree_, X):
        reached = strength(table, table.matrix(used)[: table.n], lambda is_classifier: tree(is_classifier, LEAVES, 1))
        if _is_exact(reached):
            return f"{_names(used)} by a tree of {model.get_n_leaves()} leaves", used, reached
    return _threshold(table, numbers) if len(table.classes) == 2 else _steps(table, numbers)


def _is_exact(reached: Strength) -> bool:
    return reached.score >= NO_ERROR and (reached.roc_auc is None or reached.roc_auc >= 0.998)


def _crowded_tree(fitted: Any, X: Floats) -> bool:
    """Whether rows stand close on both sides of each threshold; where a gap lies between, the task is just easy."""
    paths = fitted.decision_path(X.astype(np.float32)).toarray().astype(bool)
    for node in np.flatnonzero(fitted.feature >= 0):
        values = X[paths[:, node], fitted.feature[node]]
        if len(values) >= 2 * AT_EDGE and not _crowded(values, fitted.threshold[node]):
            return False
    return True


def _crowded(values: Floats, threshold: float) -> bool:
    """Whether the rows next to a threshold stand as close as rows do elsewhere."""
    values = values[np.isfinite(values)]
    distance = np.sort(np.abs(values - threshold))
    window = 2 * float(distance[min(AT_EDGE, len(distance)) - 1])
    span = float(np.subtract(*np.quantile(values, [0.95, 0.05])))
    return window == 0 or (min(AT_EDGE, len(values)) / len(values)) / (window / max(span, 1e-300)) >= CROWDED


def _threshold(table: Audited, numbers: list[Column]) -> Found | None:
    """One threshold on a sum, difference, product or ratio of two columns, or on a weighted sum of two or three."""
    truth = table.y == 1
    rows = np.sort(np.random.default_rng(0).permutation(table.n)[:MAX_ROWS])
    chosen = _telling(table, numbers, rows)
    for columns, sign, values in _combined(chosen, table.n):
        area = auc(truth[rows], np.nan_to_num(values[rows], nan=0.0, posinf=0.0, neginf=0.0))
        if max(area, 1 - area) < EXACT:
            continue
        edge = float(np.median([*_edges(values, truth)]))
        reached = strength(table, np.where(np.isfinite(values), values, np.nan)[:, None])
        if _is_exact(reached) and _crowded(values, edge):
            return f"a threshold on '{columns[0].name}' {sign} '{columns[1].name}'", columns, reached
    return _weighted(table, chosen, truth)


def _steps(table: Audited, numbers: list[Column]) -> Found | None:
    """Several classes by thresholds on a sum, difference, product or ratio of two columns."""
    if len(table.classes) > MAX_CLASSES:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(table.n)[:MAX_ROWS])
    for columns, sign, values in _combined(_telling(table, numbers, rows), table.n):
        X = np.where(np.isfinite(values), values, np.nan)[:, None]
        if max(explained(X[rows, 0], target[rows]) for _, target in table.indicators()) < LIKELY:
            continue
        leaves = 2 * len(table.classes)
        model = tree(True, leaves, 1).fit(X[rows], table.y[rows])
        if model.score(X[rows], table.y[rows]) < EXACT or not _crowded_tree(model.tree_, X):
            continue
        reached = strength(table, X, lambda is_classifier, leaves=leaves: tree(is_classifier, leaves, 1))  # type: ignore[misc]
        if _is_exact(reached):
            return f"thresholds on '{columns[0].name}' {sign} '{columns[1].name}'", columns, reached
    return None


def _edges(values: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """The two ends of what lies between the classes."""
    if np.nanmedian(values[truth]) < np.nanmedian(values[~truth]):
        truth = ~truth
    return float(np.nanmin(values[truth])), float(np.nanmax(values[~truth]))


def _telling(table: Audited, numbers: list[Column], rows: NDArray[np.intp]) -> list[Column]:
    """The columns that a somewhat larger tree splits on most, and those that go with the target alone."""
    X = table.matrix(numbers)[: table.n][rows]
    gain = tree(bool(table.classes), 40).fit(X, table.y[rows]).feature_importances_
    target = table.indicators()[0][1][rows]
    filled = np.where(np.isnan(X), np.nanmedian(np.where(np.isnan(X), 0, X), axis=0), X)
    spread = filled.std(axis=0)
    alone = np.abs((filled - filled.mean(axis=0)).T @ (target - target.mean()))
    alone = np.divide(alone, spread, out=np.zeros_like(alone), where=spread > 0)
    half = MAX_CANDIDATES // 2
    order = list(dict.fromkeys([*np.argsort(gain)[::-1][:half], *np.argsort(alone)[::-1], *np.argsort(gain)[::-1]]))
    return [numbers[at] for at in order[:MAX_CANDIDATES]]


def _combined(columns: list[Column], n: int) -> Iterator[tuple[list[Column], str, Floats]]:
    for one, other in combinations(columns, 2):
        a, b = one.values[:n], other.values[:n]
        for sign, operation in OPERATIONS.items():
            yield [one, other], sign, operation(a, b)
        yield [other, one], "/", OPERATIONS["/"](b, a)


def _weighted(table: Audited, columns: list[Column], truth: NDArray[np.bool_]) -> Found | None:
    """Logistic regression on two or three columns, and on two with their squares and product."""
    from sklearn.linear_model import LogisticRegression

    usable = [one for one in columns[:6] if not one.missing[: table.n].any()]
    rows = np.sort(np.random.default_rng(1).permutation(table.n)[:2_000])
    for size, curved in ((2, False), (3, False), (2, True)):
        for chosen in combinations(usable, size):
            X = table.matrix(chosen)[: table.n]
            X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-300)
            X = np.column_stack([X, X**2, X[:, :1] * X[:, 1:]]) if curved else X
            model = LogisticRegression(C=1e4, max_iter=300).fit(X[rows], truth[rows])
            values = model.decision_function(X)
            if auc(truth[rows], values[rows]) < EXACT or not _crowded(values, 0.0):
                continue
            reached = strength(table, X, lambda _: LogisticRegression(C=1e4, max_iter=300))
            if _is_exact(reached):
                told = "a quadratic form in" if curved else "a weighted sum of"
                return f"a threshold on {told} {_names(list(chosen))}", list(chosen), reached
    return None


# --- numbers ---


def _equation(table: Audited, numbers: list[Column]) -> Found | None:
    """A linear equation in one to three columns, their products and ratios, their squares or their logarithms."""
    rows = np.sort(np.random.default_rng(0).permutation(table.n)[:MAX_ROWS])
    chosen = [one for one in _telling(table, numbers, rows) if not one.missing[: table.n].any()]
    for size in range(1, FEW + 1):
        for columns in combinations(chosen, size):
            for name, X, y in _forms(columns, table):
                if _r2(X[rows], y[rows]) < EXACT:
                    continue
                reached = _out_of_fold(table, X, y)
                if reached.score >= EXACT:
                    return f"{_names(list(columns))} by {name}", list(columns), reached
    return None


def _forms(columns: tuple[Column, ...], table: Audited) -> Iterator[tuple[str, Floats, Floats]]:
    X = table.matrix(columns)[: table.n]
    ones = np.ones((len(X), 1))
    yield "a linear equation", np.hstack([ones, X]), table.y
    if len(columns) == 2:
        a, b = X.T
        yield "a linear equation with their product", np.column_stack([ones, X, a * b]), table.y
        if (b != 0).all():
            yield "a linear equation with their ratio", np.column_stack([ones, X, a / b]), table.y
        if (a != 0).all():
            yield "a linear equation with their ratio", np.column_stack([ones, X, b / a]), table.y
        yield "a quadratic equation", np.column_stack([ones, X, a * b, X**2]), table.y
        yield "a quadratic equation of its square", np.column_stack([ones, X, a * b, X**2]), table.y**2
    if len(columns) == FEW:
        a, b, c = X.T
        yield "a linear equation with their products", np.column_stack([ones, X, a * b, a * c, b * c]), table.y
    if len(columns) == 1:
        yield "a parabola", np.column_stack([ones, X, X**2]), table.y
    if (X > 0).all() and (table.y > 0).all():
        yield "a product of powers", np.hstack([ones, np.log(X)]), np.log(table.y)


def _solved(X: Floats, y: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(X, y, rcond=None)[0])


def _r2(X: Floats, y: Floats) -> float:
    around = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - X @ _solved(X, y)) ** 2)) / around if around > 0 else 0.0


def _out_of_fold(table: Audited, X: Floats, y: Floats) -> Strength:
    """R² of least squares on the rows of the other folds."""
    predicted = np.full((len(y), 1), np.nan)
    for fold in np.unique(table.fold[table.fold >= 0]):
        valid = table.fold == fold
        predicted[valid, 0] = X[valid] @ _solved(X[~valid], y[~valid])
    done = np.isfinite(predicted[:, 0])
    return score(y[done], predicted[done], y[done], 0)


def _names(columns: list[Column]) -> str:
    names = [f"'{one.name}'" for one in columns]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
