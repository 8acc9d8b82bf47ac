"""What is audited: a prepared competition, or files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.drawing import draw, hashes_of_columns, hashes_of_files, how_drawn, is_unique, telling_apart
from competition.audit.table import (
    Audited,
    Column,
    Hashes,
    Roles,
    as_column,
    as_numbers,
    fold_numbers,
    formats,
    label_trouble,
)
from competition.csv_files import MOSTLY_NUMBERS, CsvFile, read_csv_file
from competition.errors import PodiumError, nearest
from competition.scaffold.infer import EXACT, MAX_CLASSES

if TYPE_CHECKING:
    from competition.dataset import Prepared


@dataclass(frozen=True)
class Named:
    """The columns that a user names; None for those to be found."""

    target: str
    id: str | None = None
    group: str | None = None
    time: str | None = None


# --- files ---


def audited_files(train: Path, test: Path | None, named: Named) -> Audited:
    """Read files for an audit.

    Raises
    ------
    PodiumError
        If a file is no table, or a column is not there.
    """
    tables = [read_csv_file(path) for path in (train, test) if path is not None]
    for one in tables:
        if len(one) == 0:
            raise PodiumError(f"{one.name} has no rows below its header")
    first = tables[0]
    for role, column in (("--target", named.target), ("--id", named.id), ("--group", named.group)):
        _require(role, column, first)
    _require("--time", named.time, first)
    given = [name for name in (named.target, named.id, named.group, named.time) if name is not None]
    for name in given:
        if given.count(name) > 1:
            raise PodiumError(f"column '{name}' is named for two roles", "allowed: another one for each")
    labels = first.column(named.target)
    known = labels.notna().to_numpy()
    if not known.any():
        raise PodiumError(f"{first.name}: the target column '{named.target}' is empty")
    notes = [note for table in tables for note in _how_read(table)] + _differences(tables, named.target)
    if not known.all():
        notes.append(f"{first.name}: {int((~known).sum())} rows without a label were left out")
    y, classes = _labels(labels[known], first.decimal)
    if not classes and bool((y % 1 == 0).all()):
        n_values = len(np.unique(y))
        told = f"taken as numbers, since classes are {MAX_CLASSES} at most"
        notes.append(f"'{named.target}' holds {n_values:,} whole numbers: {told}")
    everywhere = set.intersection(*(set(one.columns) for one in tables)) - {named.target}
    shared = [name for name in first.columns if name in everywhere]
    if not shared:
        names = first.name if test is None else f"{first.name} and {tables[-1].name} share"
        raise PodiumError(f"{names}{' has' if test is None else ''} no column beside '{named.target}'")
    rows = [np.flatnonzero(known), *(np.arange(len(one)) for one in tables[1:])]
    drawn = [draw(one, len(shared)) for one in rows]
    chosen = [one[at] for one, at in zip(rows, drawn, strict=True)]
    sampled = any(len(at) < len(one) for one, at in zip(rows, drawn, strict=True))
    if sampled:
        notes.append(how_drawn(rows, drawn))
    columns = [_joined(name, tables, chosen) for name in shared]
    id_name = named.id or _id_of(columns, len(drawn[0]))
    roles = Roles(named.target, id_name, named.group, named.time or _time_of(columns))
    hashed = telling_apart(columns, roles, len(drawn[0]))
    if sampled:
        hashes = hashes_of_files(tables, hashed, rows, labels[known])
    else:
        hashes = hashes_of_columns(hashed, len(y), labels[known].to_numpy(dtype=object))
    y, classes = _recoded(y[drawn[0]], classes)
    table = Audited(
        name=" and ".join(one.name for one in tables),
        task=_task(classes),
        roles=roles,
        columns=tuple(columns),
        y=y,
        classes=classes,
        number=np.concatenate(chosen) + 1,
        fold=fold_numbers(y, bool(classes)),
        hashes=hashes,
        trouble=label_trouble(y, classes),
        sampled=sampled,
        notes=tuple(notes),
    )
    return replace(table, notes=(*table.notes, *_strays(table.columns)))


def _how_read(file: CsvFile) -> list[str]:
    """What was left out, or read in another way than one would think."""
    told = []
    if file.left_out:
        was = "line was" if len(file.left_out) == 1 else "lines were"
        found = f"the first of {file.left_out[0]} cells instead of {len(file.columns)}"
        told.append(f"{file.name}: {len(file.left_out)} {was} left out, {found}")
    if file.joined:
        told.append(f"{file.name}: {file.joined} line breaks stand within quotes; a quote may not be closed")
    if file.encoding != "utf-8-sig":
        told.append(f"{file.name}: read as {file.encoding}, since it is not UTF-8")
    return told


def _require(role: str, column: str | None, table: CsvFile) -> None:
    if column is not None and column not in table.columns:
        raise PodiumError(f"{role}: {table.name} has no column '{column}'", nearest(column, table.columns))


def _differences(tables: Sequence[CsvFile], target: str) -> list[str]:
    """Columns that only one of two files has; the target is expected to be in the first alone."""
    told = []
    for one, other in zip(tables, reversed(tables), strict=True):
        only = [name for name in one.columns if name not in other.columns and name != target]
        if only:
            shown = ", ".join(f"'{name}'" for name in only[:5]) + (f" and {len(only) - 5} more" if only[5:] else "")
            told.append(f"only in {one.name}, and not audited: {shown}")
    if len(tables) > 1 and target in tables[1].columns:
        told.append(f"{tables[1].name} has the target column; the audit does not look at it, and entrants must not")
    return told


def _labels(text: "pd.Series[Any]", decimal: str) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """Class codes and classes, or values: numbers are classes while they are whole and few."""
    numbers = as_numbers(text, decimal)
    if np.isfinite(numbers).all():
        distinct = np.unique(numbers)
        is_whole = bool((distinct % 1 == 0).all() and (np.abs(distinct) < EXACT).all())
        if len(distinct) > MAX_CLASSES or not is_whole:
            return numbers, ()
        return _codes(numbers.astype(np.int64))
    if (share := float(np.isfinite(numbers).mean())) >= MOSTLY_NUMBERS:
        wrong = text[~np.isfinite(numbers)].iloc[0][:40]
        raise PodiumError(
            f"--target: column '{text.name}' mixes numbers ({share:.0%}) with {wrong!r}", "allowed: one or the other"
        )
    if text.nunique() > MAX_CLASSES:
        raise PodiumError(
            f"--target: column '{text.name}' has {text.nunique()} different texts, {text.iloc[0][:40]!r} among them",
            f"allowed: numbers, or at most {MAX_CLASSES} classes",
        )
    return _codes(text.to_numpy(dtype=object))


def _codes(labels: NDArray[Any]) -> tuple[NDArray[Any], tuple[Any, ...]]:
    codes, classes = pd.factorize(labels, sort=True)
    if len(classes) == 2 and np.bincount(codes).argmin() == 0:
        codes, classes = 1 - codes, classes[::-1]  # the rarer class is the positive one
    return codes.astype(np.int64), tuple(classes)


def _recoded(y: NDArray[Any], classes: tuple[Any, ...]) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """Class codes without the classes that no drawn row has."""
    if not classes:
        return y, classes
    present, codes = np.unique(y, return_inverse=True)
    return codes.astype(np.int64), tuple(classes[code] for code in present)


def _task(classes: tuple[Any, ...]) -> Any:
    return "regression" if not classes else "multiclass" if len(classes) > 2 else "binary"


def _joined(name: str, tables: Sequence[CsvFile], chosen: Sequence[NDArray[np.intp]]) -> Column:
    parts = [one.column(name, rows) for one, rows in zip(tables, chosen, strict=True)]
    return as_column(name, pd.concat(parts, ignore_index=True), tables[0].decimal)


def _id_of(columns: Sequence[Column], n_train: int) -> str | None:
    """A column that is called id, or has no name, and whose values are all different in each part."""
    for wanted in ("id", "unnamed: 0", "index"):
        for one in columns:
            if one.name.lower() == wanted and is_unique(one, n_train):
                return one.name
    return None


def _time_of(columns: Iterable[Column]) -> str | None:
    """The column of dates, if there is one and no other."""
    dates = [one.name for one in columns if one.kind == "date"]
    return dates[0] if len(dates) == 1 else None


def _strays(columns: Iterable[Column]) -> list[str]:
    told = []
    for one in columns:
        if one.stray and one.kind == "text":
            told.append(f"column '{one.name}' mixes types: {one.stray} cells are numbers; it is taken as text")
        elif one.stray:
            told.append(f"column '{one.name}': {one.stray} cells are no {one.kind}s; they count as missing")
        if one.kind == "date" and (n_formats := len(set(formats(one.text.dropna().unique())))) > 1:
            told.append(f"column '{one.name}' holds dates in {n_formats} formats; day and month may be mistaken")
    return told[:5] + ([f"{len(told) - 5} more columns with cells of another type"] if told[5:] else [])


# --- a prepared competition ---


def audited_competition(prepared: "Prepared") -> Audited:
    """Take a prepared competition for an audit: the training rows, and as test rows all others, without labels."""
    data = prepared.definition.data
    parts = [_frame(prepared.train, prepared), _frame(prepared.heldout, prepared)]
    if prepared.unlabelled is not None:
        parts.append(_frame(prepared.unlabelled, prepared))
    n_columns = parts[0].shape[1]
    split, cv = prepared.definition.split.strategy, prepared.definition.cv.strategy
    roles = Roles(data.target, data.id, data.group, data.time, split, cv)
    tests = pd.concat(parts[1:], ignore_index=True)
    rows = [np.arange(len(parts[0])), np.arange(len(tests))]
    drawn = [draw(one, n_columns) for one in rows]
    sampled = any(len(at) < len(one) for one, at in zip(rows, drawn, strict=True))
    whole = pd.concat([parts[0].iloc[drawn[0]], tests.iloc[drawn[1]]], ignore_index=True)
    columns = tuple(as_column(str(name), _written(whole[name])) for name in whole)
    y = prepared.train.y[drawn[0]]
    y = y.astype(np.int64) if prepared.classes else y
    fold = np.full(len(prepared.train.y), -1, dtype=np.int64)
    for one in prepared.folds:
        if one.repeat == 0:
            fold[one.valid] = one.fold
    compared = tuple(one.name for one in telling_apart(columns, roles, len(drawn[0])))
    of_train, of_tests = (_hashed(frame[list(compared)]) for frame in (parts[0], tests))
    return Audited(
        name=prepared.definition.slug,
        task=prepared.definition.task,
        roles=roles,
        columns=columns,
        y=y,
        classes=tuple(prepared.classes),
        number=np.concatenate(drawn) + 1,
        fold=fold[drawn[0]],
        hashes=Hashes(of_train, prepared.train.y, of_tests, compared) if compared else None,
        own_folds=True,
        trouble=label_trouble(y, prepared.classes),
        sampled=sampled,
        notes=(how_drawn(rows, drawn),) if sampled else (),
    )


def _frame(rows: Any, prepared: "Prepared") -> pd.DataFrame:
    """Features and id of some rows."""
    X: pd.DataFrame = rows.X
    if prepared.definition.data.id not in X:
        X.insert(0, prepared.definition.data.id, rows.id)
    return X


def _written(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values as text, in the shortest form that gives the number back."""
    present = column.notna()
    if column.dtype.kind == "f":
        distinct, codes = np.unique(column[present].to_numpy(), return_inverse=True)
        short = np.array([repr(float(value)).removesuffix(".0") for value in distinct], dtype=object)
        written = pd.Series(np.nan, index=column.index, dtype=object)
        written[present] = pd.Series(short[codes], index=column.index[present], dtype=object)
    else:
        written = column.astype(object).where(present, np.nan)
        written[present] = column[present].map(str)
    return written.astype("str")


def _hashed(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """One hash a row."""
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)
