"""Rows drawn from large tables, and hashes of all rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.files import TextTable
from competition.audit.table import Column, Hashes

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
    return (
        f"sampled: {parts} were drawn at random; exact duplicates are looked for in all of them, near ones and the "
        "counts of groups are seen less well"
    )


def hashes_of_files(
    tables: Sequence[TextTable], names: Sequence[str], rows: Sequence[NDArray[np.intp]], labels: "pd.Series[Any]"
) -> Hashes | None:
    """Hashes of all rows of files, drawn or not; None where that is too much."""
    if not names or sum(len(one) for one in rows) * len(names) > MAX_HASHED:
        return None
    made = [
        _hashes((table.column(name, at) for name in names), len(at)) for table, at in zip(tables, rows, strict=True)
    ]
    return Hashes(made[0], labels.to_numpy(dtype=object), made[1] if len(made) > 1 else np.array([], dtype=np.uint64))


def hashes_of_columns(columns: Sequence[Column], n_train: int, labels: NDArray[Any]) -> Hashes | None:
    """Hashes of the rows of columns that were read; None without a column."""
    if not columns:
        return None
    hashes = _hashes((one.text for one in columns), len(columns[0].text))
    return Hashes(hashes[:n_train], labels, hashes[n_train:])


def _hashes(columns: Iterable["pd.Series[Any]"], n_rows: int) -> NDArray[np.uint64]:
    """One hash a row; the order of columns counts."""
    total = np.zeros(n_rows, dtype=np.uint64)
    for column in columns:
        codes, distinct = pd.factorize(column)
        of_distinct = (
            pd.util.hash_array(np.asarray(distinct, dtype=object)) if len(distinct) else np.zeros(0, np.uint64)
        )
        of_rows = np.append(of_distinct, np.uint64(1))[codes]  # code -1, missing, takes the last
        total = (total * np.uint64(0x9E3779B97F4A7C15)) ^ (of_rows + (total >> np.uint64(29)))
    return total
