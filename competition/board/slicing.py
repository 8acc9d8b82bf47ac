"""Slices of the labelled rows by what a reader can name: a group, an hour of the day, a value or range of a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from competition.errors import PodiumError, nearest
from competition.text import clean

if TYPE_CHECKING:
    import pandas as pd

    from competition.dataset import Prepared
    from competition.definition import Competition

MOST = 40  # slices of a column: those with the most rows
FEW = 20  # values: a column of more numbers is cut into ranges
N_RANGES = 5


@dataclass(frozen=True)
class Slicing:
    """Rows by a column.

    Parameters
    ----------
    title : str
        What the column is called, and what of it counts.
    names : tuple of str
        Of the slices, in their own order: of time, of numbers, of the alphabet.
    code : ndarray of int of shape (n,)
        Position of each row's slice in `names`; -1 for rows of slices that are left out.
    n_all : int
        Number of slices before some were left out.
    """

    title: str
    names: tuple[str, ...]
    code: NDArray[np.intp]
    n_all: int


def chosen_columns(definition: "Competition") -> tuple[str, ...]:
    """Columns that ``[board] slices`` names, else the group and the time where there are such."""
    if definition.board.slices is not None:
        return definition.board.slices
    return tuple(name for name in (definition.data.group, definition.data.time) if name is not None)


def slicings(prepared: "Prepared") -> list[Slicing]:
    """Cut the training rows by each chosen column; a column with a single slice is passed over.

    Raises
    ------
    PodiumError
        If ``[board] slices`` names a column that solutions do not see.
    """
    names = chosen_columns(prepared.definition)
    if not names:
        return []
    table = prepared.train.X
    for name in names:
        if name not in table.columns and prepared.definition.board.slices is not None:
            where = f"data/{prepared.definition.slug}/competition.toml"
            raise PodiumError(
                f"{where}: board.slices: '{name}' is no column of the features; {nearest(name, list(table.columns))}"
            )
    made = [cut(table[name]) for name in names if name in table.columns]
    return [one for one in made if len(one.names) > 1]


def cut(column: "pd.Series") -> Slicing:
    """Cut by the hour of a time, by ranges of a number with many values, else by value; missing ones by themselves."""
    title = clean(str(column.name))
    if column.dtype.kind == "M":
        return _slicing(f"hour of {title}", [f"{hour:02d}:00" for hour in column.dt.hour.to_numpy()])
    if column.dtype.kind in "iuf" and column.nunique() > FEW:
        return _ranges(title, column.to_numpy(dtype=np.float64, na_value=np.nan))
    values = column.astype(object).where(column.notna(), None)
    return _slicing(title, ["missing" if value is None else clean(str(value)) for value in values])


def _ranges(title: str, values: NDArray[np.float64]) -> Slicing:
    """Ranges with about as many rows each; the bounds have the digits that tell them apart."""
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, N_RANGES + 1)))
    code = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
    bounds = [f"{edge:.4g}" for edge in edges]
    last = len(edges) - 2
    names = [
        f"{low} to {high}" if at == last else f"{low} to below {high}"
        for at, (low, high) in enumerate(pairwise(bounds))
    ]
    if known.all():
        return Slicing(title, tuple(names), code, len(names))
    code[~known] = len(names)
    return Slicing(title, (*names, "missing"), code, len(names) + 1)


def _slicing(title: str, labels: Sequence[str]) -> Slicing:
    names, code, rows = np.unique(np.asarray(labels, dtype=str), return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-rows, kind="stable")[:MOST])
    place = np.full(len(names), -1, dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return Slicing(title, tuple(names[kept].tolist()), place[code], len(names))
