"""How numbers are written: decimals, last digits, lattices, exact values."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.checks.text import EXPLAINED
from competition.audit.findings import Finding, Severity, Skip, Strength
from competition.audit.models import boosting_for, strength, strength_of
from competition.audit.quantogram import MAX_UNITS, MIN_DISTINCT, class_lattices, signed_peak, unit_of
from competition.audit.significance import (
    ALPHA,
    SEVERE_SKILL,
    WARNING_SKILL,
    corrected,
    magnitude_blocks,
    stratified_p,
)
from competition.audit.table import Audited, Column, Floats

MANY_TESTS = 150
COARSE_UNITS = 1 << 12
LEVELS = 32  # sizes that are told apart where only the size of a value is to count
MIN_IN_LEVEL = 4  # distinct values
MIN_FOR_LEVELS = MIN_IN_LEVEL * LEVELS  # distinct values
REST_ON_DIGITS = 0.1  # skill


def _numbers(table: Audited) -> list[Column]:
    return [one for one in table.measured if one.kind == "number"]


def _severity(reached: Strength, reference: Strength | None) -> Severity:
    """Severe where much follows from nothing but how values are written, and not from their size."""
    beyond = reached.skill - (reference.skill if reference else 0.0)
    return "severe" if reached.skill >= SEVERE_SKILL and beyond >= WARNING_SKILL else "warning"


def rounded(values: Floats, least: int = MIN_FOR_LEVELS) -> Floats:
    """Size alone: bins of at least `MIN_IN_LEVEL` neighbouring values and of a `LEVELS`-th of the rows.

    Columns of fewer distinct values than `least` stay as they are.
    """
    codes, distinct = pd.factorize(values, sort=True)
    if len(distinct) < least:
        return values
    counts = np.bincount(codes[codes >= 0])
    level_of, level, rows, held = np.empty(len(distinct)), 0, 0, 0
    for at, count in enumerate(counts):
        level_of[at] = level
        rows, held = rows + count, held + 1
        if rows >= len(values) / LEVELS and held >= MIN_IN_LEVEL:
            level, rows, held = level + 1, 0, 0
    return np.where(codes < 0, np.nan, level_of[codes])


# --- decimals ---


def decimals(table: Audited) -> list[Finding]:
    """Numbers of one class are written with more decimals than those of another."""
    table.need_labels()
    columns = [one for one in table.number_columns() if len(np.unique(one.decimals[: table.n])) > 1]
    targets = table.indicators()
    found = []
    for column in columns:
        count = column.decimals[: table.n].astype(np.float64)
        present = ~column.missing[: table.n]
        block = magnitude_blocks(column.values[: table.n][present])
        p_value = min(stratified_p(count[present], target[present], block) for _, target in targets)
        p_value = corrected(p_value, len(columns) * len(targets))
        if p_value > ALPHA:
            continue
        reached = strength(table, np.where(present, count, np.nan)[:, None])
        reference = strength(table, rounded(column.values[: table.n])[:, None])
        if reached.skill < WARNING_SKILL:
            continue
        found.append(
            Finding(
                "decimals",
                _severity(reached, reference),
                f"how many decimals '{column.name}' has tells the target, beside how large it is: {EXPLAINED}",
                (column.name,),
                "round the column to the fewest decimals that any row has, or find out why they differ",
                reached,
                reference,
                p_value,
                table.rows(_of_each(count)),
            )
        )
    return found


def _of_each(feature: Floats) -> list[int]:
    """A few rows with the smallest and the largest of a feature."""
    order = np.argsort(feature, kind="stable")
    return [int(at) for at in (*order[:3], *order[-3:])]


# --- lattices ---


def lattices(table: Audited) -> list[Finding]:
    """Numbers of one class are multiples of another step, or end in other digits, than those of another."""
    table.need_labels()
    columns = [one for one in _numbers(table) if one.n_distinct >= MIN_DISTINCT]
    if not columns:
        raise Skip(f"no column of numbers has {MIN_DISTINCT} distinct values or more")
    targets = table.indicators()
    n_tests = len(columns) * len(targets)
    found = []
    for column in columns:
        values, present = column.values[: table.n], ~column.missing[: table.n]
        max_units = MAX_UNITS if n_tests <= MANY_TESTS else COARSE_UNITS
        unit = unit_of(values[present], column.decimals[: table.n][present], max_units)
        peaks = [signed_peak(values[present], target[present], unit) for _, target in targets]
        tested = [peak.p_value for peak in peaks if peak is not None]
        if not tested:
            continue
        p_value = corrected(min(tested), n_tests)
        if p_value > ALPHA:
            continue
        reached = strength_of(table, lambda known, column=column, unit=unit: _written(table, column, unit, known))  # type: ignore[misc]
        if reached.skill < WARNING_SKILL:
            continue
        reference = strength(table, rounded(values, MIN_DISTINCT)[:, None])
        found.append(
            Finding(
                "lattices",
                _severity(reached, reference),
                f"the target is written into the digits of '{column.name}'{_steps(table, column, unit)}: {EXPLAINED}",
                (column.name,),
                "take the values from before they were scaled and rounded, or round them to a common, coarser step",
                reached,
                reference,
                p_value,
                table.rows(_of_each(np.where(present, table.y, np.median(table.y)))),
            )
        )
    return found


def _members(table: Audited) -> NDArray[np.intp]:
    if table.classes:
        return table.y.astype(np.intp)
    return np.asarray(table.y > np.median(table.y), dtype=np.intp)


def _written(table: Audited, column: Column, unit: float, known: NDArray[np.bool_]) -> Floats:
    """What the writing of each value says and its size does not: distances from the classes' lattices, last digits."""
    values = column.values[: table.n]
    usable = known & ~np.isnan(values)
    made = [
        lattice.distance(values)
        for _, target in table.indicators()[:3]
        for lattice in class_lattices(values[usable], target[usable], _members(table)[usable], unit)
    ]
    place = np.rint(values / unit)
    made.append(np.mod(place, 10))
    made.append(np.mod(place, 2))
    return np.column_stack(made)


def _steps(table: Audited, column: Column, unit: float) -> str:
    """Say the step of each class, where the classes have one of their own each."""
    values = column.values[: table.n]
    usable = ~np.isnan(values)
    target = table.indicators()[0][1]
    members = _members(table)
    made = class_lattices(values[usable], target[usable], members[usable], unit)
    names = [str(one) for one in table.classes] or ["the lower half", "the upper half"]
    told = []
    for code, lattice in enumerate(made):
        own = values[usable & (members == code)]
        share = float(np.mean(lattice.distance(own) <= 1.0)) if len(own) else 0.0
        if share >= 0.9 and lattice.step >= 3 * unit:
            told.append(f"{names[code]}: multiples of {lattice.step:.5g}")
    return f" ({'; '.join(told)})" if told else ""


# --- exact values ---


def exact_values(table: Audited) -> list[Finding]:
    """A model does much better on values as they are written than on how large they are."""
    table.need_labels()
    numbers = _numbers(table)
    fine = [one for one in numbers if one.n_distinct >= MIN_FOR_LEVELS]
    if not fine:
        raise Skip(f"no column of numbers has {MIN_FOR_LEVELS} distinct values or more")
    if len(numbers) > 300:
        raise Skip(f"{len(numbers)} columns of numbers are too many for two models on all of them (300)")
    X = table.matrix(numbers)[: table.n]
    learner = boosting_for(table)
    as_written = strength(table, X, learner)
    if as_written.skill < WARNING_SKILL:
        return []
    by_size = strength(table, np.column_stack([rounded(one.values[: table.n]) for one in numbers]), learner)
    gap = as_written.skill - by_size.skill
    if gap < max(REST_ON_DIGITS, 4 / np.sqrt(table.n)):
        return []
    return [
        Finding(
            "exact_values",
            "warning",
            f"a model on exact values reaches {as_written.score:.3f}, and {by_size.score:.3f} where each column is "
            f"cut to {LEVELS} sizes: what it learns hangs on fine digits",
            tuple(one.name for one in fine),
            "see which columns' digits tell the target (lattices, decimals); values that name an entity do so too",
            as_written,
            by_size,
        )
    ]
