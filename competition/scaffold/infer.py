"""What a CSV file tells of the competition that can be made of it."""

import codecs
import csv
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from competition.errors import PodiumError, nearest
from competition.metrics import Task
from competition.scaffold.rules import Splits, choose_splits
from competition.splits import RowKeys

Kind = Literal["integer", "number", "boolean", "date", "text", "empty"]
MAX_CLASSES = 50
MIN_ROWS = 20
MIN_DAYS = 10
SEPARATORS = (",", ";", "\t", "|")
# Not "None", which is a class of its own in many tables.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null")
# The second is what an index without a name is called.
ID_NAMES = ("id", "unnamed: 0")
EXACT = 2**53  # whole numbers up to here are exact as floats
_SWAP_DECIMAL = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class TableFacts:
    """Facts about a labelled table.

    Parameters
    ----------
    columns : mapping
        Kind of each column of the file, in its order.
    positive : object
        The rarer class of a binary task.
    id : str
        The id column; generated where `has_id` is false.
    encoding, separator, decimal : str
        How the file is written.
    """

    rows: int
    columns: Mapping[str, Kind]
    target: str
    task: Task
    positive: int | str | None
    id: str
    has_id: bool
    time: str | None
    group: str | None
    encoding: str
    separator: str
    decimal: str
    splits: Splits

    @property
    def features(self) -> list[str]:
        """Columns that a solution sees."""
        return [name for name, kind in self.columns.items() if kind != "empty" and name not in (self.id, self.target)]

    @property
    def never_missing(self) -> list[str]:
        """Columns of the file that need a value in every row."""
        roles = (self.id if self.has_id else None, self.target, self.time, self.group)
        return [name for name in roles if name is not None]

    @property
    def cluster(self) -> str:
        """The unit that intervals resample."""
        return "day" if self.time else "group" if self.group else "row"

    @property
    def metrics(self) -> list[str]:
        """Metrics of the board, the one that ranks first."""
        return {
            "binary": ["f1", "average_precision", "roc_auc", "balanced_accuracy"],
            "multiclass": ["balanced_accuracy", "f1", "roc_auc", "accuracy"],
            "regression": ["root_mean_squared_error", "mean_absolute_error", "r2"],
        }[self.task]


def infer(path: Path, target: str, time: str | None = None, group: str | None = None) -> TableFacts:
    """Read a CSV file and find out what task its target makes.

    Rows that are broken are left to the data set module, which names their line.

    Raises
    ------
    PodiumError
        If the file is no table, a column is not there, or the target is not fit.
    """
    if not path.is_file():
        raise PodiumError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    encoding, text = _decode(path)
    separator, header = _header(text, path.name)
    _check_names(header, path.name)
    _check_roles({"--target": target, "--time": time, "--group": group}, header, path.name)
    cells = _cells(text, separator, header, path.name)
    if len(cells) < MIN_ROWS:
        raise PodiumError(f"{path.name} has {len(cells)} rows; a competition needs at least {MIN_ROWS}")
    decimal = _decimal(cells, separator)
    kinds = {name: _kind(cells[name], decimal) for name in header}
    for name in (target, time, group):
        if name is not None and kinds[name] == "empty":
            raise PodiumError(f"{path.name}: column '{name}' is empty")
    if time is not None:
        kinds[time] = "date"
    task, kinds[target] = _task(cells[target], kinds[target], decimal, path.name)
    id_column = _id_column(cells.drop(columns=[name for name in (target, time, group) if name]), kinds)
    if all(kind == "empty" or name in (id_column, target, time) for name, kind in kinds.items()):
        raise PodiumError(f"{path.name} has no column beside '{target}' that a solution could learn from")
    labels = _labels(cells[target], kinds[target], decimal)
    keys = RowKeys(
        labels.to_numpy(dtype=np.float64) if task == "regression" else pd.factorize(labels, sort=True)[0],
        None if group is None else _groups(cells[group], path.name),
        None if time is None else _times(cells[time], path.name),
    )
    return TableFacts(
        rows=len(cells),
        columns=kinds,
        target=target,
        task=task,
        positive=_rarer(labels) if task == "binary" else None,
        id=id_column or _free_name("id", header),
        has_id=id_column is not None,
        time=time,
        group=group,
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        splits=_splits(keys.take(labels.notna().to_numpy()), task, path.name),
    )


# --- the file ---


def _decode(path: Path) -> tuple[str, str]:
    """Text of a file, and how it is encoded: UTF-8, UTF-16 with its mark, or as Excel writes it in the West."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\0" in content:
        raise PodiumError(f"{path} is no CSV file: it is not text")
    else:
        candidates = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in candidates:
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PodiumError(f"{path} is no CSV file: it is not text")


def _header(text: str, name: str) -> tuple[str, list[str]]:
    """The separator, which is the one that makes most of the first line, and the columns' names."""
    try:
        found = {
            separator: next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
            for separator in SEPARATORS
        }
    except csv.Error as error:
        raise PodiumError(f"{name} is no CSV file: line 1: {error}") from None
    separator = max(SEPARATORS, key=lambda separator: len(found[separator]))
    if not found[separator]:
        raise PodiumError(f"{name} is empty" if not text.strip() else f"{name}: the first line has no column names")
    return separator, [column or f"Unnamed: {number}" for number, column in enumerate(found[separator])]


def _check_names(header: list[str], name: str) -> None:
    for column in header:
        if header.count(column) > 1:
            raise PodiumError(f"{name}: column '{column}' stands twice")
        if any(ord(character) < 32 or ord(character) == 127 for character in column):
            raise PodiumError(f"{name}: the column name {column!r} has a line break or a control character")


def _check_roles(roles: Mapping[str, str | None], header: list[str], name: str) -> None:
    taken: dict[str, str] = {}
    for role, column in roles.items():
        if column is None:
            continue
        if column not in header:
            raise PodiumError(f"{role}: {name} has no column '{column}'", nearest(column, header))
        if column in taken:
            raise PodiumError(f"{role}: column '{column}' is {taken[column]} already")
        taken[column] = role


def _cells(text: str, separator: str, header: list[str], name: str) -> pd.DataFrame:
    """Every cell as text, missing where it says so."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # about rows that are too long
            cells = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                header=0,
                names=header,
                index_col=False,
                dtype="str",
                keep_default_na=False,
                on_bad_lines="skip",
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise PodiumError(f"{name} is no CSV file: {' '.join(str(error).split())}") from None
    return pd.DataFrame({name: cells[name].mask(cells[name].str.strip().isin(MISSING)) for name in header})


# --- its columns ---


def _decimal(cells: pd.DataFrame, separator: str) -> str:
    """A comma where more columns are numbers with it than with a point."""
    if separator == ",":
        return "."
    return max(".,", key=lambda decimal: sum(_numbers(cells[name], decimal) is not None for name in cells))


def _numbers(column: pd.Series, decimal: str) -> pd.Series | None:
    """The values that are there as numbers, None where one of them is no number."""
    present = column.dropna()
    if decimal == ",":
        present = present.str.translate(_SWAP_DECIMAL)
    numbers = pd.to_numeric(present, errors="coerce")
    return None if numbers.isna().any() else numbers


def _kind(column: pd.Series, decimal: str) -> Kind:
    present = column.dropna()
    if present.empty:
        return "empty"
    numbers = _numbers(column, decimal)
    if numbers is not None:
        return "integer" if numbers.dtype.kind in "iu" else "number"
    return "boolean" if present.str.strip().str.lower().isin(["true", "false"]).all() else "text"


def _is_whole(column: pd.Series, decimal: str) -> bool:
    """Whether all numbers of a column are whole, such as 1.0, and not too large to tell."""
    numbers = _numbers(column, decimal)
    return numbers is not None and bool((numbers.abs() < EXACT).all()) and bool((numbers % 1 == 0).all())


def _id_column(cells: pd.DataFrame, kinds: dict[str, Kind]) -> str | None:
    """Find a column of unique ids without a gap; anything else that is called id is a column like others."""
    for wanted in ID_NAMES:
        for name in map(str, cells.columns):
            column = cells[name]
            if name.lower() == wanted and column.notna().all() and column.is_unique:
                if kinds[name] == "number" and _is_whole(column, "."):
                    kinds[name] = "integer"
                if kinds[name] in ("integer", "text"):
                    return name
    return None


def _task(column: pd.Series, kind: Kind, decimal: str, name: str) -> tuple[Task, Kind]:
    """The task that a target makes, and what its column holds then."""
    present = column.dropna()
    distinct = present.nunique() if kind == "text" else _labels(present, kind, decimal).nunique()
    if distinct < 2:
        raise PodiumError(
            f"{name}: column '{column.name}' has a single value, '{present.iloc[0]}'; there is nothing to predict"
        )
    if kind in ("integer", "number"):
        if distinct > MAX_CLASSES or not _is_whole(column, decimal):
            return "regression", kind
        kind = "integer"
    if distinct > MAX_CLASSES:
        raise PodiumError(
            f"{name}: column '{column.name}' has {distinct} different texts; allowed: at most {MAX_CLASSES} classes"
        )
    return ("binary" if distinct == 2 else "multiclass"), kind


def _labels(column: pd.Series, kind: Kind, decimal: str) -> pd.Series:
    """The target's values; rows without one stay missing."""
    if kind == "text":
        return column
    if kind == "boolean":
        return column.str.strip().str.lower().map({"true": 1, "false": 0})
    numbers = _numbers(column, decimal)
    assert numbers is not None
    return numbers.reindex(column.index)


def _rarer(labels: pd.Series) -> int | str:
    """The rarer of two classes, the later one where both are equally frequent."""
    label: Any = labels.value_counts().sort_index(ascending=False).idxmin()
    return label if isinstance(label, str) else int(label)


def _times(column: pd.Series, name: str) -> Any:
    """Dates with times as the split sees them."""
    try:
        parsed = pd.to_datetime(column, format="ISO8601", errors="coerce")
    except ValueError:
        raise PodiumError(f"--time: {name}: column '{column.name}' mixes time zones; write it in one") from None
    wrong = column[parsed.isna() & column.notna()]
    if len(wrong):
        raise PodiumError(
            f"--time: {name}: column '{column.name}' holds no dates: found {wrong.iloc[0][:40]!r}",
            "allowed: dates such as 2025-01-31 or 2025-01-31 14:30",
        )
    days = parsed.dt.normalize().nunique()
    if days < MIN_DAYS:
        raise PodiumError(
            f"--time: column '{column.name}' spans {days} days; a split in time needs at least {MIN_DAYS}"
        )
    return parsed.dt.tz_localize(None).ffill().bfill().to_numpy()


def _groups(column: pd.Series, name: str) -> Any:
    if column.nunique() < 2:
        raise PodiumError(f"--group: {name}: column '{column.name}' has a single group; folds need at least two")
    return pd.factorize(column, sort=True)[0].astype(np.int64)


def _splits(keys: RowKeys, task: Task, name: str) -> Splits:
    try:
        return choose_splits(keys, has_classes=task != "regression")
    except PodiumError as error:
        raise PodiumError(f"{name}: {error.message}", error.hint) from None


def _free_name(name: str, columns: list[str]) -> str:
    while name in columns:
        name = f"_{name}"
    return name
