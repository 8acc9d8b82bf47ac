"""Whether rows tell which part they are of: train against test, fold against fold, column by column."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.findings import Finding, Severity, Skip
from competition.audit.models import auc, boosting
from competition.audit.significance import ALPHA, contingency_p, corrected
from competition.audit.table import Audited, Column, Floats

MAX_ROWS = 5_000  # of each part
MAX_COLUMNS = 300
N_PARTS = 3
TELLS_APART = 0.6  # ROC AUC from which drift is spoken of
SHIFT = 0.1  # distance of Kolmogorov and Smirnov, or between shares of values
NAMED = 5


def train_and_test(table: Audited) -> list[Finding]:
    """A model tells test rows from train rows (adversarial validation); columns that are distributed differently."""
    table.need_test()
    if min(table.n, table.n_test) < 50:
        raise Skip(f"{min(table.n, table.n_test)} rows of one part are too few (50)")
    columns = _compared(table)
    part = np.repeat([0, 1], [table.n, table.n_test])
    area, p_value = _told_apart(table.matrix(columns), part)
    p_value = corrected(p_value, 2)  # and so are those of single columns
    shifted = _shifted(table, columns)
    if (p_value > ALPHA or area < TELLS_APART) and not shifted:
        return []
    names = tuple(name for _, name in shifted[:NAMED])
    by_time = table.roles.split == "time"
    apart = p_value <= ALPHA and area >= TELLS_APART
    severity: Severity = "note" if by_time else "warning"
    share = f"; distributed differently: {', '.join(f'{name} ({shift:.2f})' for shift, name in shifted[:NAMED])}"
    return [
        Finding(
            "train_and_test",
            severity,
            f"a model tells test rows from train rows with ROC AUC {area:.3f}{share if shifted else ''}"
            + (", as far as a split in time does" if by_time else ""),
            names or ("train", "test"),
            "draw both parts alike, or say how they differ; a column that names the part must go"
            if apart
            else "look at the columns that are distributed differently",
            p_value=p_value,
        )
    ]


def folds(table: Audited) -> list[Finding]:
    """A model tells the folds of cross-validation from each other."""
    if not table.own_folds:
        raise Skip("the folds are the audit's own, drawn at random; those of `podium audit SLUG` are the competition's")
    rows = table.fold >= 0
    columns = _compared(table)
    X = table.matrix(columns)[: table.n][rows]
    fold = table.fold[rows]
    areas = []
    p_values = []
    for one in np.unique(fold):
        area, p_value = _told_apart(X, (fold == one).astype(np.intp))
        areas.append(area)
        p_values.append(p_value)
    p_value = corrected(min(p_values), len(p_values))
    if p_value > ALPHA or max(areas) < TELLS_APART:
        return []
    drawn = table.roles.cv in ("random", "stratified")
    return [
        Finding(
            "folds",
            "warning" if drawn else "note",
            f"a model tells a fold from the others with ROC AUC up to {max(areas):.3f}"
            + ("" if drawn else f", as far as folds by '{table.roles.cv}' do"),
            ("folds",),
            "folds that were drawn at random are alike; find out what these rows have in common",
            p_value=p_value,
        )
    ]


def _compared(table: Audited) -> list[Column]:
    """Features without time, which is another in another part, and without the group where whole groups are parted."""
    columns = list(table.measured) or list(table.features)
    if not columns:
        raise Skip("there is no feature to compare")
    return columns[:MAX_COLUMNS]


def _told_apart(X: Floats, part: NDArray[np.intp]) -> tuple[float, float]:
    """Out-of-fold ROC AUC of a model for the part of a row, and its p-value (Mann and Whitney)."""
    from scipy.stats import norm

    generator = np.random.default_rng(0)
    rows = np.sort(np.concatenate([generator.permutation(np.flatnonzero(part == one))[:MAX_ROWS] for one in (0, 1)]))
    X, part = X[rows], part[rows]
    piece = generator.permutation(len(rows)) % N_PARTS
    predicted = np.zeros(len(rows))
    for one in range(N_PARTS):
        fitted = piece != one
        if len(np.unique(part[fitted])) < 2:
            return 0.5, 1.0
        model = boosting(True).fit(X[fitted], part[fitted])
        predicted[~fitted] = model.predict_proba(X[~fitted])[:, 1]
    # Within each piece, since the models of different pieces are not on one scale.
    areas = [auc(part[piece == one] == 1, predicted[piece == one]) for one in range(N_PARTS)]
    sizes = [(int((part[piece == one] == 1).sum()), int((part[piece == one] == 0).sum())) for one in range(N_PARTS)]
    variance = sum((n + m + 1) / (12 * max(n * m, 1)) for n, m in sizes) / N_PARTS**2
    area = float(np.mean(areas))
    return area, float(norm.sf((area - 0.5) / np.sqrt(variance)))


def _shifted(table: Audited, columns: list[Column]) -> list[tuple[float, str]]:
    """Columns that differ between train and test beyond chance, and by how much, the most first."""
    from scipy.stats import ks_2samp

    found = []
    for one in columns:
        train, test = one.values[: table.n], one.values[table.n :]
        part = np.repeat([0.0, 1.0], [len(train), len(test)])
        lacks = abs(float(np.isnan(train).mean()) - float(np.isnan(test).mean()))
        p_missing = contingency_p(one.missing.astype(np.intp), part)
        present = train[~np.isnan(train)], test[~np.isnan(test)]
        shift, p_value = 0.0, 1.0
        if min(map(len, present)) > 0 and one.kind == "text":
            shift, p_value = _categories(one, table.n)
        elif min(map(len, present)) > 0:
            tested = ks_2samp(*present, method="asymp")
            shift, p_value = float(tested.statistic), float(tested.pvalue)
        if corrected(min(p_value, p_missing), 4 * len(columns)) <= ALPHA and max(shift, lacks) >= SHIFT:
            found.append((max(shift, lacks), one.name))
    return sorted(found, reverse=True)


def _categories(column: Column, n: int) -> tuple[float, float]:
    """Total variation between the shares of values, rare ones together, and the p-value that they are the same."""
    codes = pd.factorize(column.text)[0]
    counts = np.bincount(codes[codes >= 0])
    kept = np.flatnonzero(counts >= 10)
    place = np.full(len(counts) + 1, len(kept), dtype=np.intp)
    place[kept] = np.arange(len(kept))
    merged = place[codes]
    part = (np.arange(len(codes)) >= n).astype(np.float64)
    shares = [np.bincount(merged[part == side], minlength=len(kept) + 1) / (part == side).sum() for side in (0, 1)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2), contingency_p(merged, part)
