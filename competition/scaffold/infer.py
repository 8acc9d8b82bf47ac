"""What a CSV file tells of the competition that can be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from competition.csv_files import numbers, read_csv_file
from competition.errors import PodiumError, nearest
from competition.metrics import Task
from competition.scaffold.rules import Splits, choose_splits
from competition.splits import RowKeys

Kind = Literal["integer", "number", "boolean", "date", "text", "empty"]
MAX_CLASSES = 50
MIN_ROWS = 20
MIN_DAYS = 10
# The second is what an index without a name is called.
ID_NAMES = ("id", "unnamed: 0")
EXACT = 2**53  # whole numbers up to here are exact as floats


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
    file = read_csv_file(path)
    if file.compressed:
        raise PodiumError(f"{path.name} is compressed", "unpack it first")
    header, decimal = file.columns, file.decimal
    _check_roles({"--target": target, "--time": time, "--group": group}, header, path.name)
    cells = pd.DataFrame({name: file.column(name) for name in header})
    if len(cells) < MIN_ROWS:
        raise PodiumError(f"{path.name} has {len(cells)} rows; a competition needs at least {MIN_ROWS}")
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
        encoding=file.encoding,
        separator=file.separator,
        decimal=decimal,
        splits=_splits(keys.take(labels.notna().to_numpy()), task, path.name),
    )


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


# --- its columns ---


def _numbers(column: pd.Series, decimal: str) -> pd.Series | None:
    """The values that are there as numbers, None where one of them is no number."""
    found = numbers(column.dropna(), decimal)
    return None if found.isna().any() else found


def _kind(column: pd.Series, decimal: str) -> Kind:
    present = column.dropna()
    if present.empty:
        return "empty"
    found = _numbers(column, decimal)
    if found is not None:
        return "integer" if found.dtype.kind in "iu" else "number"
    return "boolean" if present.str.strip().str.lower().isin(["true", "false"]).all() else "text"


def _is_whole(column: pd.Series, decimal: str) -> bool:
    """Whether all numbers of a column are whole, such as 1.0, and not too large to tell."""
    found = _numbers(column, decimal)
    return found is not None and bool((found.abs() < EXACT).all()) and bool((found % 1 == 0).all())


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
    found = _numbers(column, decimal)
    assert found is not None
    return found.reindex(column.index)


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
