"""Groups: counts of labels that are too regular, and entities that lie on both sides of the split."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.findings import Finding, Skip, Strength
from competition.audit.models import strength, strength_of
from competition.audit.significance import ALPHA, SEVERE_SKILL, WARNING_SKILL, corrected
from competition.audit.table import Audited, Column, Floats

N_PERMUTATIONS = 60
MIN_GROUPS = 15
MIN_SIZE, MAX_SIZE = 2.0, 400.0  # rows of a group, on average
MAX_KEYS = 8  # columns that are paired
MAX_SPREAD = 0.8  # of the counts, as a share of what chance gives
MAX_SINGLE = 60
BLOCKS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 25, 30, 50, 100)  # rows in a row in the file
ENTITY_SKILL = 0.8
REGULAR_SKILL = 0.2  # no measurement makes such counts
MAX_REPEATS = 50.0
BEYOND = 0.1


@dataclass(frozen=True)
class Key:
    """What rows have in common.

    Parameters
    ----------
    codes : ndarray of int of shape (n_train + n_test,)
        -1 where a row belongs to no group.
    runs : bool
        Whether rows have nothing in common but their place in the file.
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]
    runs: bool = False


def keys(table: Audited) -> list[Key]:
    """Columns, pairs of columns and runs of rows that could make groups of fitting size."""
    chosen = sorted(_discrete(table), key=lambda one: (one.kind == "number", one.n_distinct))
    single = [Key((one.name,), _codes([one])) for one in chosen[:MAX_SINGLE]]
    pairs = [Key((one.name, other.name), _codes([one, other])) for one, other in combinations(chosen[:MAX_KEYS], 2)]
    runs = []
    if not table.sampled and not table.own_folds:
        at = table.number - 1
        last = np.where(np.arange(len(at)) < table.n, at, -1)
        runs = [Key((f"runs of {size} rows",), np.where(last < 0, -1, last // size), runs=True) for size in BLOCKS]
    return [one for one in (*single, *pairs, *runs) if _fits(table, one)]


def _discrete(table: Audited) -> list[Column]:
    made = []
    for one in table.features:
        is_whole = one.kind == "text" or bool((one.values[~one.missing] % 1 == 0).all())
        if is_whole and 2 <= one.n_distinct <= table.n / MIN_SIZE:
            made.append(one)
    return made


def _codes(columns: list[Column]) -> NDArray[np.intp]:
    codes = np.zeros(len(columns[0].values), dtype=np.int64)
    for one in columns:
        codes = codes * (one.n_distinct + 2) + pd.factorize(one.values)[0] + 1
    return pd.factorize(codes)[0]


def _fits(table: Audited, key: Key) -> bool:
    own = key.codes[: table.n]
    n_groups = len(np.unique(own[own >= 0]))
    return n_groups >= MIN_GROUPS and MIN_SIZE <= (own >= 0).sum() / n_groups <= MAX_SIZE


def dispersion(codes: NDArray[np.intp], target: Floats) -> tuple[float, float, float]:
    """How the sums of a target over groups spread beside what chance gives.

    Returns
    -------
    ratio : float
        Pearson's statistic over its mean under permutations of the target; below 1: more evenly.
    too_even, too_uneven : float
        p-values, from the chi-square distribution with the mean and variance of these permutations.
    """
    from scipy.stats import chi2

    counts = np.bincount(codes)
    expected = counts * target.mean()
    weight = 1 / np.maximum(counts, 1)
    generator = np.random.default_rng(0)

    def statistic(values: Floats) -> float:
        return float(np.sum((np.bincount(codes, values) - expected) ** 2 * weight))

    drawn = np.array([statistic(generator.permutation(target)) for _ in range(N_PERMUTATIONS)])
    # The spread of a chi-square statistic is known better from theory than from few draws; the larger one counts.
    spread = max(float(drawn.std(ddof=1)), float(drawn.mean()) * np.sqrt(2 / max(1, len(counts) - 1)) * 0.7)
    observed, mean = statistic(target), float(drawn.mean())
    if mean <= 0 or spread <= 0:
        return 1.0, 1.0, 1.0
    ratio, freedom = observed / mean, 2 * (mean / spread) ** 2
    return ratio, float(chi2.cdf(freedom * ratio, freedom)), float(chi2.sf(freedom * ratio, freedom))


# --- counts that are too regular ---


def regular_groups(table: Audited) -> list[Finding]:
    """Every group has nearly the same number of each label, so that known labels give the others away."""
    table.need_labels()
    made = keys(table)
    if not made:
        raise Skip(f"no column or pair of columns makes {MIN_GROUPS} groups of {MIN_SIZE:g} to {MAX_SIZE:g} rows")
    targets = table.indicators()
    regular = []
    for key in made:
        own = key.codes[: table.n]
        inside = own >= 0
        codes = pd.factorize(own[inside])[0]
        for _, target in targets:
            ratio, too_even, _ = dispersion(codes, target[inside])
            p_value = corrected(too_even, len(made) * len(targets))
            if p_value <= ALPHA and ratio <= MAX_SPREAD:
                regular.append((_from_counts(table, key), ratio, p_value, key))
                break
    if not regular:
        return []
    reached, ratio, p_value, key = max(regular, key=lambda one: (one[0].skill, -one[1]))
    crossing = _crossing(table, key)
    others = sorted({" × ".join(one.names) for *_, one in regular if one.names != key.names})
    also = f" (less so by {', '.join(others[:3])})" if others else ""
    # Where runs of rows are regular, it is the order of one file; nobody knows whether another one goes on with it.
    severe = reached.skill >= REGULAR_SKILL and (crossing > 0 or table.n_test == 0) and not key.runs
    gives = ", so known labels of a group give the others away" if reached.skill >= WARNING_SKILL else ""
    return [
        Finding(
            "regular_groups",
            "severe" if severe else "warning" if reached.skill >= WARNING_SKILL else "note",
            f"labels are spread over the groups by {' × '.join(key.names)} more evenly than chance can: their counts "
            f"vary {ratio:.0%} of what it gives{_example(table, key)}{gives}{also}",
            key.names,
            "shuffle the rows"
            if key.runs
            else "put whole groups on one side of the split, or draw rows so that counts are left to chance",
            reached,
            p_value=p_value,
            rows=table.rows(np.flatnonzero(key.codes[: table.n] == key.codes[0])),
        )
    ]


def _from_counts(table: Audited, key: Key) -> Strength:
    """What is left to expect in a group, once its known labels are taken off."""
    codes = np.where(key.codes < 0, key.codes.max() + 1, key.codes)
    size = np.bincount(codes)[codes[: table.n]]
    own = codes[: table.n]
    target = np.column_stack([one for _, one in table.indicators()])

    def columns(known: NDArray[np.bool_]) -> Floats:
        seen = np.bincount(own[known], minlength=codes.max() + 1)[own] - known
        made = [seen.astype(np.float64), size.astype(np.float64)]
        for one in target.T:
            sums = np.bincount(own[known], one[known], codes.max() + 1)[own] - one * known
            made += [(one[known].mean() * size - sums) / np.maximum(size - seen, 1), sums]
        return np.column_stack(made)

    return strength_of(table, columns)


def _crossing(table: Audited, key: Key) -> float:
    """Share of the test rows whose group is among the train rows."""
    test = key.codes[table.n :]
    return float(np.isin(test, key.codes[: table.n]).mean()) if len(test) else 0.0


def _example(table: Audited, key: Key) -> str:
    """Say how many of how many, where most groups whose rows are all labelled agree."""
    own = key.codes[: table.n]
    inside = own >= 0
    all_rows = np.bincount(key.codes[key.codes >= 0])
    labelled = np.bincount(own[inside], minlength=len(all_rows))
    complete = (labelled == all_rows) & (labelled > 1)
    if len(table.classes) != 2 or complete.sum() < 5:
        return ""
    positives = np.bincount(own[inside], table.y[inside], len(all_rows))
    size, count = pd.Series(list(zip(labelled[complete], positives[complete].astype(int), strict=True))).mode().iloc[0]
    alike = complete & (labelled == size)
    held = int((positives[alike] == count).sum())
    return (
        f"; {held} of {int(alike.sum())} wholly labelled groups of {size} hold exactly {count} of '{table.classes[1]}'"
    )


# --- entities ---


def entities(table: Audited) -> list[Finding]:
    """Rows of one entity (a customer, a patient, a device) lie on both sides of the split and share their label."""
    table.need_labels()
    found = [_stated_group(table)] if table.roles.group else []
    candidates = [one for one in _discrete(table) if one.n_distinct >= max(20, table.n / MAX_REPEATS)]
    targets = table.indicators()
    for column in candidates[:MAX_SINGLE]:
        key = Key((column.name,), _codes([column]))
        repeated = np.bincount(key.codes[: table.n])[key.codes[: table.n]] > 1
        if repeated.mean() < 0.2 or (table.n_test and _crossing(table, key) < 0.05):
            continue
        too_uneven = min(dispersion(key.codes[: table.n], target)[2] for _, target in targets)
        p_value = corrected(too_uneven, len(candidates) * len(targets))
        if p_value > ALPHA:
            continue
        reached = _lookup(table, key)
        reference = strength(table, column.values[: table.n, None]) if column.kind == "number" else None
        beyond = reached.skill - (reference.skill if reference else 0.0)
        if reached.skill < SEVERE_SKILL or beyond < BEYOND:
            continue
        found.append(
            Finding(
                "entities",
                "severe" if reached.skill >= ENTITY_SKILL else "warning",
                f"rows with the same '{column.name}' share their label, and lie on both sides of the split: "
                "who has seen an entity knows its other rows",
                (column.name,),
                f"split by '{column.name}', so that no entity is on both sides, or drop the column",
                reached,
                reference,
                p_value,
                table.rows(np.flatnonzero(key.codes == pd.Series(key.codes[: table.n]).mode().iloc[0])),
            )
        )
    return [one for one in found if one is not None]


def _lookup(table: Audited, key: Key) -> Strength:
    """Mean label of the known rows of the same group."""
    codes = key.codes[: table.n]
    target = np.column_stack([one for _, one in table.indicators()])

    def columns(known: NDArray[np.bool_]) -> Floats:
        seen = np.bincount(codes[known], minlength=codes.max() + 1)[codes] - known
        made = [seen.astype(np.float64)]
        for one in target.T:
            sums = np.bincount(codes[known], one[known], codes.max() + 1)[codes] - one * known
            made.append(np.where(seen > 0, sums / np.maximum(seen, 1), np.nan))
        return np.column_stack(made)

    return strength_of(table, columns)


def _stated_group(table: Audited) -> Finding | None:
    """A split by groups must keep groups whole."""
    column = table.column(table.roles.group)
    if column is None or table.roles.split != "group" or table.n_test == 0:
        return None
    key = Key((column.name,), _codes([column]))
    share = _crossing(table, key)
    if share == 0:
        return None
    return Finding(
        "entities",
        "severe",
        f"the split is said to be by '{column.name}', and {share:.1%} of the test rows belong to a group of train rows",
        (column.name,),
        "put whole groups on one side",
        _lookup(table, key),
        rows=table.rows(table.n + np.flatnonzero(np.isin(key.codes[table.n :], key.codes[: table.n]))),
    )
