"""Rows that stand twice: exactly, nearly, and with contradicting labels."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.findings import Finding, Severity, Skip, Strength
from competition.audit.models import strength_of
from competition.audit.significance import ALPHA
from competition.audit.table import Audited, Column, Floats

MANY_VALUES = 20  # distinct values of a column that rows do not share by chance
SEVERE_SHARE, WARNING_SHARE = 0.05, 0.005
BY_DESIGN = 0.5  # of the pairs that agree in all columns but the finest two, those that agree in these too
MAX_TRAIN, MAX_TEST = 6_000, 2_000
MAX_DIMENSIONS = 24
MIN_DIMENSIONS = 3
NEAR = 0.1  # of the distance to the second neighbour, at which the first one counts as a copy
CHUNK = 500
MIN_COPIES = 8


def exact_duplicates(table: Audited) -> list[Finding]:
    """Test rows that equal a train row, and train rows that equal each other, in all features."""
    table.need_columns()
    if table.hashes is None:
        too_large = "the table is too large to compare all rows with each other"
        raise Skip(too_large if table.sampled else "each column says which row it is (ids, times, counters)")
    train, test = table.hashes.train, table.hashes.test
    found = [one for one in (_across(table, train, test), _contradicting(table, train)) if one]
    n_within = int(pd.Series(train).duplicated().sum())
    if n_within and not found:
        share = n_within / len(train)
        what = f"{n_within:,} train rows ({share:.2%}) repeat an earlier one exactly"
        severity: Severity = (
            "warning" if _repeated(train) / len(train) >= SEVERE_SHARE and _surprising(table) else "note"
        )
        found.append(Finding("exact_duplicates", severity, what, ("train",), "drop them before the rows are split"))
    return found


def _across(table: Audited, train: NDArray[np.uint64], test: NDArray[np.uint64]) -> Finding | None:
    copied = np.isin(test, train)
    if not copied.any():
        return None
    share = float(copied.mean())
    # One row that many equal, such as all zeros, is one copy.
    n_patterns = len(np.unique(test[copied]))
    weight = n_patterns / len(test)
    surprising = n_patterns > 1 and weight >= WARNING_SHARE and _surprising(table)
    severity: Severity = "note" if not surprising else "severe" if weight >= SEVERE_SHARE else "warning"
    by_chance = "" if surprising or share < WARNING_SHARE else ", as rows of so few distinct values do"
    twice = pd.Series(train).duplicated(keep=False).to_numpy()
    return Finding(
        "exact_duplicates",
        severity,
        f"{int(copied.sum()):,} test rows ({share:.2%}) equal a train row in every feature{_but(table)}{by_chance}: "
        "their labels can be looked up",
        ("train", "test"),
        "drop duplicates before the rows are split, or keep all copies on one side",
        _looked_up(table) if twice.mean() >= WARNING_SHARE else None,
        rows=_shown(table, copied),
    )


def _but(table: Audited) -> str:
    """Say which features copies may differ in."""
    names = table.hashes.names if table.hashes else ()
    left = [f"'{one.name}'" for one in table.features if one.name not in names]
    return f" but {', '.join(left[:3])}" if left else ""


def _looked_up(table: Audited) -> Strength | None:
    """What the labels of equal rows reach, where the train rows have such."""
    if table.trouble or table.hashes is None or len(table.hashes.train) != table.n:
        return None
    codes = pd.factorize(table.hashes.train)[0]
    target = np.column_stack([one for _, one in table.indicators()])

    def columns(known: NDArray[np.bool_]) -> Floats:
        seen = np.bincount(codes[known], minlength=codes.max() + 1)[codes] - known
        sums = [np.bincount(codes[known], one[known], codes.max() + 1)[codes] - one * known for one in target.T]
        return np.column_stack([np.where(seen > 0, one / np.maximum(seen, 1), np.nan) for one in sums])

    return strength_of(table, columns)


def _surprising(table: Audited) -> bool:
    """Whether equal rows are more than chance makes of so few distinct values.

    They are where a column has hardly any value twice but in equal rows. Else, pairs of rows that agree in all columns
    but the two with the most distinct values should mostly differ in these two, unless they are copies.
    """
    names = table.hashes.names if table.hashes else ()
    by_values = sorted((one for one in table.features if one.name in names), key=lambda one: -one.n_distinct)
    if not by_values or by_values[0].n_distinct < MANY_VALUES:
        return False
    if by_values[0].n_distinct >= len(table.number) / 2:
        of_rows, of_finest = _repeated(_row_codes(by_values)), _repeated(_row_codes(by_values[:1]))
        if of_rows >= BY_DESIGN * of_finest:
            return True
    finest, others = by_values[:2], by_values[2:]
    if not others:
        return False
    agree, agree_in_all = _pairs(_row_codes(others)), _pairs(_row_codes(list(by_values)))
    by_chance = float(np.prod([_pairs(_row_codes([one])) for one in finest]) / _pairs(np.zeros(len(table.number))) ** 2)
    return agree > 0 and (agree_in_all / agree - by_chance) / (1 - by_chance) >= BY_DESIGN


def _repeated(codes: NDArray[Any]) -> int:
    """How many values stand more than once."""
    return int((np.unique(codes, return_counts=True)[1] > 1).sum())


def _pairs(codes: NDArray[Any]) -> float:
    """How many pairs of rows agree."""
    counts = np.unique(codes, return_counts=True)[1].astype(np.float64)
    return float(np.sum(counts * (counts - 1) / 2))


def _row_codes(columns: list[Column]) -> NDArray[np.int64]:
    """One number a row, equal where all columns are."""
    codes = np.zeros(len(columns[0].values), dtype=np.int64)
    for one in columns:
        own = pd.factorize(one.values)[0] + 1
        codes = pd.factorize(codes * (int(own.max()) + 1) + own)[0].astype(np.int64)
    return codes


def _contradicting(table: Audited, train: NDArray[np.uint64]) -> Finding | None:
    """Equal rows with different labels: no model can be right on all of them."""
    if table.hashes is None or not table.classes or len(table.classes) < 2:
        return None
    groups = pd.DataFrame({"hash": train, "label": pd.factorize(table.hashes.labels)[0]}).groupby("hash")["label"]
    counts = groups.agg(["size", "nunique"])
    torn = counts[counts["nunique"] > 1]
    if torn.empty:
        return None
    n_rows = int(torn["size"].sum())
    share = n_rows / len(train)
    at = np.flatnonzero(np.isin(train, torn.index[:3].to_numpy()))
    return Finding(
        "exact_duplicates",
        "warning" if 2 * len(torn) / len(train) >= SEVERE_SHARE and _surprising(table) else "note",
        f"{n_rows:,} train rows ({share:.2%}) equal another one in every feature and differ in the label",
        ("train",),
        "find out which label is right; what cannot be told apart bounds every score",
        rows=() if table.sampled else table.rows(at),
    )


def _shown(table: Audited, copied: NDArray[np.bool_]) -> tuple[str, ...]:
    """Some copies beside their originals."""
    if table.sampled or table.hashes is None:
        return tuple(f"test row {at + 1}" for at in np.flatnonzero(copied)[:6])
    pairs: list[int] = []
    for at in np.flatnonzero(copied)[:3]:
        pairs += [int(np.flatnonzero(table.hashes.train == table.hashes.test[at])[0]), table.n + int(at)]
    return table.rows(pairs)


# --- near duplicates ---


def near_duplicates(table: Audited) -> list[Finding]:
    """Rows that lie far nearer to one other row than rows do: copies with noise, rounding, or one cell changed.

    Where points are spread evenly as seen from near by, the distance to the second neighbour over that to the first
    follows a Pareto law whose exponent is the intrinsic dimension (Facco et al., "Estimating the intrinsic dimension of
    datasets by a minimal neighborhood information", 2017). Copies stand far out in its tail.
    """
    from scipy.stats import binom

    columns = sorted(
        (one for one in table.measured if one.kind == "number" and one.n_distinct >= MANY_VALUES),
        key=lambda one: -one.n_distinct,
    )[:MAX_DIMENSIONS]
    if len(columns) < MIN_DIMENSIONS:
        raise Skip(f"fewer than {MIN_DIMENSIONS} columns of numbers have {MANY_VALUES} distinct values")
    generator = np.random.default_rng(0)
    train = np.sort(generator.permutation(table.n)[:MAX_TRAIN])
    test = table.n + np.sort(generator.permutation(table.n_test)[:MAX_TEST])
    if len(train) < 100:
        raise Skip(f"{len(train)} train rows are too few for distances to neighbours (100)")
    points = _ranked(table.matrix(columns))
    across = len(test) >= 50
    asked = test if across else train[:MAX_TEST]
    first, second, nearest = _two_nearest(points[asked], points[train], own=None if across else asked, rows=train)
    apart = (first > 0) & (second > 0)
    if apart.sum() < 50:
        raise Skip("nearly all rows equal another one")
    ratio = first[apart] / second[apart]
    # How train rows lie to each other, since all test rows may be copies.
    usual = _usual_ratios(points, train) if across else ratio
    dimension = np.log(2) / -np.log(np.median(usual))
    expected = NEAR**dimension
    copied = np.zeros(len(asked), dtype=bool)
    copied[apart] = ratio < NEAR
    count, share = int(copied.sum()), float(copied.mean())
    p_value = float(binom.sf(count - 1, int(apart.sum()), min(1.0, 2 * expected)))
    if p_value > ALPHA or count < MIN_COPIES or share < 2 * WARNING_SHARE or share < 5 * expected:
        return []
    agree = _agreement(table, asked[copied], nearest[copied]) if not across else ""
    pairs = np.column_stack([nearest[copied][:3], asked[copied][:3]]).ravel()
    side = "test rows" if across else "train rows"
    return [
        Finding(
            "near_duplicates",
            "severe" if across and share >= SEVERE_SHARE else "warning",
            f"{share:.1%} of the {side} lie at less than {NEAR:.0%} of the usual distance from a train row "
            f"({expected:.2%} would by chance){agree}: copies with noise, rounded or slightly changed",
            tuple(one.name for one in columns),
            "drop near copies before the rows are split, or keep them on one side",
            None,
            p_value=p_value,
            rows=table.rows(pairs),
        )
    ]


def _usual_ratios(points: NDArray[np.float32], train: NDArray[np.intp]) -> Floats:
    first, second, _ = _two_nearest(points[train[:MAX_TEST]], points[train], own=train[:MAX_TEST], rows=train)
    apart = (first > 0) & (second > 0)
    return first[apart] / second[apart] if apart.any() else np.full(1, 0.5)


def _ranked(X: Floats) -> NDArray[np.float32]:
    """Ranks from 0 to 1 in each column, so that no unit and no outlier counts more; missing ones in the middle."""
    ranks = pd.DataFrame(X).rank(pct=True)
    return ranks.fillna(0.5).to_numpy(dtype=np.float32)


def _two_nearest(
    asked: NDArray[np.float32], among: NDArray[np.float32], own: NDArray[np.intp] | None, rows: NDArray[np.intp]
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Distances to the nearest and the second nearest of some rows, and which one the nearest is; never itself."""
    from sklearn.metrics.pairwise import euclidean_distances

    first, second, nearest = [], [], []
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK].astype(np.float64)
        squared = euclidean_distances(part, among.astype(np.float64), squared=True)
        if own is not None:
            at = np.searchsorted(rows, own[start : start + CHUNK])
            squared[np.arange(len(part)), at] = np.inf
        two = np.argpartition(squared, 1, axis=1)[:, :2]
        values = np.take_along_axis(squared, two, axis=1)
        order = np.argsort(values, axis=1)
        values = np.sqrt(np.maximum(np.take_along_axis(values, order, axis=1), 0))
        first.append(values[:, 0])
        second.append(values[:, 1])
        nearest.append(rows[two[np.arange(len(part)), order[:, 0]]])
    return np.concatenate(first), np.concatenate(second), np.concatenate(nearest)


def _agreement(table: Audited, rows: NDArray[np.intp], others: NDArray[np.intp]) -> str:
    if not table.classes:
        return ""
    share = float(np.mean(table.y[rows] == table.y[others]))
    return f", and {share:.0%} of these pairs share their label"
