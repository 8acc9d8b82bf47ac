"""Rows drawn from large tables, and hashes of all rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.table import Column, Floats, Hashes, Roles, as_numbers
from competition.csv_files import CsvFile

MAX_ROWS = 40_000
MAX_CELLS = 3_000_000
MIN_ROWS = 2_000
MAX_HASHED = 40_000_000  # cells of all rows together
SEED = 20191205


def draw(rows: NDArray[np.intp], n_columns: int) -> NDArray[np.intp]:
    """Positions of the rows to look at, in their order."""
    most = min(MAX_ROWS, max(MIN_ROWS, MAX_CELLS // n_columns))
    if len(rows) <= most:
        return np.arange(len(rows))
    return np.sort(np.random.default_rng(SEED).choice(len(rows), most, replace=False))


def how_drawn(rows: Sequence[NDArray[np.intp]], drawn: Sequence[NDArray[np.intp]]) -> str:
    """Say how many rows of train and test were drawn."""
    counts = [f"{len(at):,} of {len(one):,}" for one, at in zip(rows, drawn, strict=True)]
    parts = " and ".join(f"{count} {part} rows" for count, part in zip(counts, ("train", "test"), strict=False))
    return f"sampled: {parts} were drawn at random; near duplicates and the counts of groups are seen less well"


def telling_apart(columns: Sequence[Column], roles: Roles, n_train: int) -> list[Column]:
    """Columns in which copies of a row agree: not those that say which row it is, as ids, counters and times do."""
    return [one for one in columns if one.name not in (roles.id, roles.time) and not _names_row(one, n_train)]


def is_unique(column: Column, n_train: int) -> bool:
    """Whether every row has a value of its own, within train and within test."""
    parts = column.text.iloc[:n_train], column.text.iloc[n_train:]
    return column.kind in ("number", "text") and all(bool(part.notna().all() and part.is_unique) for part in parts)


def _names_row(column: Column, n_train: int) -> bool:
    """Whether texts are all different, or numbers are a counter's: whole, and hardly any left out."""
    if not is_unique(column, n_train):
        return False
    if column.kind == "text":
        return bool(column.text.is_unique)
    values = column.values[:n_train]
    return bool((values % 1 == 0).all()) and n_train > 2 and float(np.ptp(values)) < 2 * n_train


def hashes_of_files(
    files: Sequence[CsvFile], columns: Sequence[Column], rows: Sequence[NDArray[np.intp]], labels: "pd.Series[Any]"
) -> Hashes | None:
    """Hashes of all rows of files, drawn or not; None where that is too much."""
    if not columns or sum(len(one) for one in rows) * len(columns) > MAX_HASHED:
        return None
    decimal = files[0].decimal
    made = [
        _hashes(
            ((text, _values(text, one.kind, decimal)) for one in columns for text in [file.column(one.name, at)]),
            len(at),
        )
        for file, at in zip(files, rows, strict=True)
    ]
    tests = made[1] if len(made) > 1 else np.array([], dtype=np.uint64)
    return Hashes(made[0], labels.to_numpy(dtype=object), tests, tuple(one.name for one in columns))


def hashes_of_columns(columns: Sequence[Column], n_train: int, labels: NDArray[Any]) -> Hashes | None:
    """Hashes of the rows of columns that were read; None without a column."""
    if not columns:
        return None
    hashes = _hashes(
        ((one.text, one.values if one.kind == "number" else None) for one in columns), len(columns[0].text)
    )
    return Hashes(hashes[:n_train], labels, hashes[n_train:], tuple(one.name for one in columns))


def _values(text: "pd.Series[Any]", kind: str, decimal: str) -> Floats | None:
    return as_numbers(text, decimal) if kind == "number" else None


def _hashes(columns: Iterable[tuple["pd.Series[Any]", Floats | None]], n_rows: int) -> NDArray[np.uint64]:
    """One hash a row of texts, and of numbers by value, since 3 and 3.0 are equal; the order of columns counts."""
    total = np.zeros(n_rows, dtype=np.uint64)
    for text, values in columns:
        of_rows = _of_text(text) if values is None else pd.util.hash_array(values + 0.0)  # -0 is 0
        if values is not None and (unread := (np.isnan(values) & text.notna().to_numpy())).any():
            of_rows = np.where(unread, _of_text(text.where(unread)), of_rows)
        total = (total * np.uint64(0x9E3779B97F4A7C15)) ^ (of_rows + (total >> np.uint64(29)))
    return total


def _of_text(text: "pd.Series[Any]") -> NDArray[np.uint64]:
    codes, distinct = pd.factorize(text)
    of_distinct = pd.util.hash_array(np.asarray(distinct, dtype=object)) if len(distinct) else np.zeros(0, np.uint64)
    return np.append(of_distinct, np.uint64(1))[codes]  # code -1, missing, takes the last
