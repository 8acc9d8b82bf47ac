"""What a CSV file tells of the competition that can be made of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from competition.errors import PodiumError, nearest
from competition.metrics import Task

MAX_CLASSES = 50
MIN_ROWS = 20
MIN_DAYS = 10
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class TableFacts:
    """Facts about a labelled table.

    Parameters
    ----------
    id : str
        The id column; generated where `has_id` is false.
    positive : object
        The rarer class of a binary task.
    separator : str
        Between the fields of the file.
    """

    rows: int
    columns: tuple[str, ...]
    features: tuple[str, ...]
    target: str
    task: Task
    positive: Any
    id: str
    has_id: bool
    time: str | None
    group: str | None
    separator: str

    @property
    def split(self) -> str:
        """Strategy for the held-out rows."""
        if self.time:
            return "time"
        if self.group:
            return "group"
        return "random" if self.task == "regression" else "stratified"

    @property
    def cv(self) -> str:
        """Strategy for the folds."""
        return "blocks" if self.time else self.split

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

    Raises
    ------
    PodiumError
        If the file is no table, a column is not there, or the target is not fit.
    """
    if not path.is_file():
        raise PodiumError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    separator = _separator(path)
    try:
        table = pd.read_csv(path, sep=separator)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise PodiumError(f"{path} is no CSV file: {' '.join(str(error).split())}") from None
    columns = [str(column) for column in table.columns]
    for role, column in (("--target", target), ("--time", time), ("--group", group)):
        if column is not None and column not in columns:
            raise PodiumError(f"{role}: {path.name} has no column '{column}'", nearest(column, columns))
    if len(table) < MIN_ROWS:
        raise PodiumError(f"{path.name} has {len(table)} rows; a competition needs at least {MIN_ROWS}")
    if time is not None:
        _check_time(table[time], path.name)
    id_column = next((name for name in columns if name.lower() == "id" and table[name].is_unique), None)
    hidden = {id_column, target}
    return TableFacts(
        rows=len(table),
        columns=tuple(columns),
        features=tuple(name for name in columns if name not in hidden),
        target=target,
        task=_task(table[target], path.name),
        positive=_rarer(table[target]),
        id=id_column or _free_name("id", columns),
        has_id=id_column is not None,
        time=time,
        group=group,
        separator=separator,
    )


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(1 << 20).decode("utf-8", errors="replace")
    return max(SEPARATORS, key=first.count)


def _task(target: pd.Series, name: str) -> Task:
    missing = int(target.isna().sum())
    if missing:
        line = int(target.isna().to_numpy().argmax()) + 2
        raise PodiumError(f"{name}: line {line}: the target is missing (in {missing:,} rows); remove them first")
    distinct = target.nunique()
    if distinct < 2:
        raise PodiumError(
            f"{name}: column '{target.name}' has a single value, {target.iloc[0]!r}; there is nothing to predict"
        )
    is_number = target.dtype.kind in "iuf"
    if is_number and (distinct > MAX_CLASSES or not (target % 1 == 0).all()):
        return "regression"
    if distinct == 2:
        return "binary"
    if distinct > MAX_CLASSES:
        raise PodiumError(
            f"{name}: column '{target.name}' has {distinct} different texts; allowed: at most {MAX_CLASSES} classes"
        )
    return "multiclass"


def _rarer(target: pd.Series) -> Any:
    """The rarer of two classes, the later one where both are equally frequent."""
    counts = target.value_counts().sort_index(ascending=False)
    label: Any = counts.idxmin()
    # Whole numbers read as floats are made integers by the new data set module too.
    return int(label) if counts.index.dtype.kind in "iuf" else label


def _check_time(column: pd.Series, name: str) -> None:
    try:
        parsed = pd.to_datetime(column, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise PodiumError(f"--time: {name}: column '{column.name}' holds no dates: {error}") from None
    days = parsed.dt.normalize().nunique()
    if days < MIN_DAYS:
        raise PodiumError(
            f"--time: column '{column.name}' spans {days} days; a split in time needs at least {MIN_DAYS}"
        )


def _free_name(name: str, columns: list[str]) -> str:
    while name in columns:
        name = f"_{name}"
    return name
