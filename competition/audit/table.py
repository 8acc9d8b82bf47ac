"""The table as the checks see it: columns over train and test rows together, labels of the train rows, roles, folds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.findings import SHOWN_ROWS, Skip
from competition.csv_files import MOSTLY_NUMBERS, numbers
from competition.metrics import Task

Kind = Literal["number", "date", "text", "empty"]
Floats = NDArray[np.float64]

N_FOLDS = 5
MIN_ROWS = 40  # below, no out-of-fold score means anything
MIN_OF_CLASS = 2 * N_FOLDS
MOSTLY = 0.95  # the share of cells that makes a column one of dates
INFINITE = ("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity")
# Thousands set apart, by the mark that is not the decimal one.
GROUPED = {".": r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", ",": r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"}
LARGEST = 1e30  # trees take single precision
PROBE = 300  # cells that are looked at before all of them are read as dates
_TIME_OF_DAY = r"\d{1,2}:\d{2}(?::\d{2})?"
_DATE_LIKE = re.compile(r"\d.*[-/.: ].*\d|\d+ ?[A-Za-z]{3}|[A-Za-z]{3}.* \d")


@dataclass(frozen=True)
class Column:
    """A column over all rows, train first.

    Parameters
    ----------
    text : Series of str
        As written, NaN where nothing is.
    values : ndarray of float of shape (n_train + n_test,)
        Numbers, seconds of dates, or codes of texts in their order; NaN where missing or no number.
    stray : int
        Cells of a column of numbers or dates that are neither; of texts, those that are numbers, where they are many.
    """

    name: str
    kind: Kind
    text: "pd.Series[Any]"
    values: Floats
    stray: int = 0

    @cached_property
    def n_distinct(self) -> int:
        """Distinct values, missing ones left out."""
        return int(pd.Series(self.values).nunique())

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells hold nothing, or no number where numbers belong."""
        return np.isnan(self.values)

    @cached_property
    def decimals(self) -> NDArray[np.int64]:
        """Digits after the point or comma of each cell as written; 0 where there are none."""
        codes, found = pd.factorize(self.text)
        distinct = np.asarray(found, dtype=object)
        marks = [max(text.rfind("."), text.rfind(",")) for text in distinct]
        counts = [len(text) - mark - 1 if mark >= 0 else 0 for text, mark in zip(distinct, marks, strict=True)]
        return np.array([*counts, 0], dtype=np.int64)[codes]  # code -1, missing, takes the last


@dataclass(frozen=True)
class Roles:
    """Which columns are what; None for what there is not.

    Parameters
    ----------
    split, cv : str or None
        How the test rows and the folds are meant to be set apart, as ``competition.toml`` names it.
    """

    target: str
    id: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    cv: str | None = None


@dataclass(frozen=True)
class Hashes:
    """Hashes of every row, those not drawn included, with the labels of the train rows as text.

    Parameters
    ----------
    names : tuple of str
        The columns that were hashed: those in which copies of a row agree.
    """

    train: NDArray[np.uint64]
    labels: NDArray[Any]
    test: NDArray[np.uint64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Audited:
    """What the checks look at.

    Parameters
    ----------
    columns : tuple of Column
        Features, id, group and time; the target is not among them.
    y : ndarray of shape (n_train,)
        Class codes, or values.
    classes : tuple
        Class labels; in a binary task the positive one last. Empty for regression.
    number : ndarray of int of shape (n_train + n_test,)
        Of each row in its file, from 1, before rows were drawn.
    fold : ndarray of int of shape (n_train,)
        The fold that validates each row.
    own_folds : bool
        Whether the folds are the competition's own.
    trouble : str or None
        Why nothing can be learned from the labels.
    sampled : bool
        Whether rows were drawn.
    """

    name: str
    task: Task
    roles: Roles
    columns: tuple[Column, ...]
    y: NDArray[Any]
    classes: tuple[Any, ...]
    number: NDArray[np.int64]
    fold: NDArray[np.int64]
    hashes: Hashes | None = None
    own_folds: bool = False
    trouble: str | None = None
    sampled: bool = False
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of train rows."""
        return len(self.y)

    @property
    def n_test(self) -> int:
        """Number of test rows."""
        return len(self.number) - self.n

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """Columns that are not empty and not the id."""
        return tuple(one for one in self.columns if one.kind != "empty" and one.name != self.roles.id)

    @cached_property
    def measured(self) -> tuple[Column, ...]:
        """Features that are neither time nor group: what a row says of itself."""
        out = {self.roles.time, self.roles.group}
        return tuple(one for one in self.features if one.name not in out and one.kind != "date")

    def column(self, name: str | None) -> Column | None:
        """Return a column by name."""
        return next((one for one in self.columns if one.name == name), None)

    def need_labels(self) -> None:
        """Skip where nothing can be learned from the labels."""
        if self.trouble:
            raise Skip(self.trouble)

    def number_columns(self) -> list[Column]:
        """Columns of numbers among what is measured; skip where there is none."""
        if not (found := [one for one in self.measured if one.kind == "number"]):
            raise Skip("there is no column of numbers")
        return found

    def need_test(self) -> None:
        """Skip without test rows."""
        if self.n_test == 0:
            raise Skip("there are no test rows")

    def need_columns(self) -> None:
        """Skip where there is nothing that could give a label away."""
        if not self.features:
            raise Skip("every column is empty, or the id")

    def matrix(self, columns: Sequence[Column]) -> Floats:
        """Values of some columns, shape (n_train + n_test, n_columns)."""
        return np.column_stack([one.values for one in columns])

    def indicators(self) -> list[tuple[str, Floats]]:
        """The target as a linear statistic takes it: one 0/1 column a class (one of two), or standardised ranks."""
        if not self.classes:
            ranks = pd.Series(self.y).rank().to_numpy(dtype=np.float64)
            return [(self.roles.target, (ranks - ranks.mean()) / (ranks.std() or 1.0))]
        codes = [1] if len(self.classes) == 2 else range(len(self.classes))
        return [(str(self.classes[code]), (self.y == code).astype(np.float64)) for code in codes]

    def rows(self, positions: Sequence[int] | NDArray[Any]) -> tuple[str, ...]:
        """Name some rows, given by their positions over train and test: by id, else by number in the file."""
        ids = self.column(self.roles.id)
        shown = [int(position) for position in positions[:SHOWN_ROWS]]
        names = []
        for position in shown:
            part = "train" if position < self.n else "test"
            has_id = ids is not None and isinstance(ids.text.iloc[position], str)
            name = f"id {ids.text.iloc[position]}" if ids is not None and has_id else f"row {self.number[position]}"
            names.append(f"{part} {name}")
        return tuple(names)


# --- how a column is read ---


def as_column(name: str, text: "pd.Series[Any]", decimal: str = ".") -> Column:
    """Read a column of text: numbers or dates where nearly all cells are, else text with codes in its order."""
    present = text.notna()
    n_present = int(present.sum())
    if n_present == 0:
        return Column(name, "empty", text, np.full(len(text), np.nan))
    values = as_numbers(text, decimal)
    n_numbers = int(np.isfinite(values).sum())
    n_infinite = int((text[present & np.isnan(values)].str.strip().str.lower().isin(INFINITE)).sum())
    if n_numbers and n_numbers + n_infinite >= MOSTLY_NUMBERS * n_present:
        return Column(name, "number", text, values, n_present - n_numbers)
    mixed = n_numbers if n_numbers >= (1 - MOSTLY) * n_present else 0
    dates = _dates(text[present])
    if dates is not None:
        values = np.full(len(text), np.nan)
        values[present.to_numpy()] = dates
        return Column(name, "date", text, values, int(np.isnan(dates).sum()))
    codes, _ = pd.factorize(text, sort=True)
    return Column(name, "text", text, np.where(codes < 0, np.nan, codes).astype(np.float64), mixed)


def as_numbers(text: "pd.Series[Any]", decimal: str = ".") -> Floats:
    """Numbers of texts; NaN for what is none, and for infinities; beyond `LARGEST` they are cut to it."""
    found = numbers(text, decimal)
    unread = found.isna() & text.notna()
    if unread.any():
        mark = "." if decimal == "," else ","
        grouped = text[unread].str.strip()
        grouped = grouped[grouped.str.fullmatch(GROUPED[decimal])]
        found = found.astype(np.float64)
        found[grouped.index] = numbers(grouped.str.replace(mark, "", regex=False), decimal)
    values = found.to_numpy(dtype=np.float64)
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)


def _dates(present: "pd.Series[Any]") -> Floats | None:
    """Seconds since 1970, None for a column that does not hold dates; a time of day alone is none."""
    probe = present.iloc[:: max(1, len(present) // PROBE)]
    likely = probe.str.contains(_DATE_LIKE.pattern, regex=True) & ~probe.str.fullmatch(_TIME_OF_DAY)
    if likely.mean() < MOSTLY or _seconds(probe).isna().mean() > 1 - MOSTLY:
        return None
    # Dates repeat, and reading one of a mixed format takes long.
    distinct = pd.Index(present.unique())
    read = pd.Series(_seconds(pd.Series(distinct)).to_numpy(), index=distinct)
    return np.asarray(present.map(read), dtype=np.float64)


def _seconds(text: "pd.Series[Any]") -> "pd.Series[Any]":
    parsed = pd.to_datetime(text.astype(object), format="mixed", errors="coerce", utc=True)
    return (parsed - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)


def formats(texts: Iterable[str]) -> list[str]:
    """The format of each text, which tells no value: 9 for digits, A for capitals, a for other letters, runs folded."""
    masked = (re.sub(r"[^\W\d_A]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", text[:60]))) for text in texts)
    return [re.sub(r"(.)\1+", r"\1", text) for text in masked]


def fold_numbers(y: NDArray[Any], has_classes: bool, seed: int = 0) -> NDArray[np.int64]:
    """Draw `N_FOLDS` folds, with the classes in proportion."""
    order = np.random.default_rng(seed).permutation(len(y))
    # Dealt out along the sorted labels, so that every fold gets its share of each class.
    if has_classes:
        order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % N_FOLDS
    return fold


def label_trouble(y: NDArray[Any], classes: Sequence[Any]) -> str | None:
    """Say why nothing can be learned from labels, None where something can."""
    if len(y) < MIN_ROWS:
        return f"too few labelled rows for out-of-fold scores: {len(y)} (at least {MIN_ROWS})"
    if not classes:
        return "the target is constant" if np.ptp(y) == 0 else None
    if len(classes) < 2:
        return f"the target has a single class, {str(classes[0])!r}"
    smallest = int(np.bincount(y, minlength=len(classes)).min())
    if len(classes) == 2 and smallest < MIN_OF_CLASS:
        return f"the smaller class has {smallest} rows, too few for out-of-fold scores (at least {MIN_OF_CLASS})"
    return None
