"""The labelled table: checks against the rules, and what is read off it. Pure functions."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError, nearest
from competition.splits import RowKeys

HASH_BINS = 200


@dataclass(frozen=True)
class Clusters:
    """The cluster of each row: a day, a group or a hash bin.

    Parameters
    ----------
    names : ndarray of str of shape (n_clusters,)
        In their order as text.
    code : ndarray of int of shape (n,)
        Position of each row's cluster in `names`.
    """

    names: NDArray[Any]
    code: NDArray[np.intp]


# --- checks ---


def check_table(table: pd.DataFrame, definition: Competition, where: str) -> None:
    """Check a labelled table against the rules.

    Raises
    ------
    PodiumError
        In one line: which column, what is wrong with it, in which row first.
    """
    data = definition.data
    if table.empty:
        raise PodiumError(f"{where}: the labelled table has no rows")
    _check_columns(table, definition, where)
    _check_ids(table[data.id], where)
    for name in (*feature_names(table, definition), data.target):
        _check_values(table[name], table[data.id], where)
    if data.time is not None and table[data.time].dtype.kind != "M":
        raise PodiumError(
            f"{where}: data.time: column '{data.time}' holds {table[data.time].dtype}, not dates with times"
        )
    for role, column in (("time", data.time), ("group", data.group)):
        if column is not None and table[column].isna().any():
            raise PodiumError(
                f"{where}: data.{role}: column '{column}' has missing values{_at(table, column, data.id)}"
            )
    _check_target(table[data.target], definition, where, _at(table, data.target, data.id))


def check_unlabelled(table: pd.DataFrame, labelled: pd.DataFrame, definition: Competition, where: str) -> None:
    """Check the rows whose labels nobody here has: the same features of the same types, and no target.

    Raises
    ------
    PodiumError
        In one line.
    """
    features = feature_names(labelled, definition)
    wanted, found = [definition.data.id, *features], list(table.columns)
    for name in wanted:
        if name not in found:
            raise PodiumError(f"{where}: the unlabelled table has no column '{name}'", nearest(name, found))
    for name in found:
        if name not in wanted:
            raise PodiumError(f"{where}: the unlabelled table has an unexpected column '{name}'")
    if table.empty:
        raise PodiumError(f"{where}: the unlabelled table has no rows")
    _check_ids(table[definition.data.id], where)
    for name in features:
        _check_values(table[name], table[definition.data.id], where)
        if kind_of(table[name]) != kind_of(labelled[name]):
            kinds = f"{kind_of(table[name])} in the unlabelled table and {kind_of(labelled[name])} in the labelled one"
            raise PodiumError(f"{where}: column '{name}' holds {kinds}")


def _check_columns(table: pd.DataFrame, definition: Competition, where: str) -> None:
    data = definition.data
    for column in table.columns:
        if not isinstance(column, str):
            raise PodiumError(f"{where}: the columns need names, and one is {column!r}")
    names = list(table.columns)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise PodiumError(f"{where}: column '{twice[0]}' stands twice")
    roles = {"id": data.id, "target": data.target, "group": data.group, "time": data.time}
    for role, name in roles.items():
        if name is not None and name not in names:
            raise PodiumError(f"{where}: data.{role}: there is no column '{name}'", nearest(name, names))
    for name in data.features or ():
        if name not in names:
            raise PodiumError(f"{where}: data.features: there is no column '{name}'", nearest(name, names))
    if data.features is not None:
        known = {data.id, data.target, data.group, data.time, *data.features}
        for name in names:
            if name not in known:
                raise PodiumError(
                    f"{where}: unexpected column '{name}'", "list it in data.features, or drop it in dataset.py"
                )
    elif not feature_names(table, definition):
        raise PodiumError(f"{where}: there is no feature column")


def _check_ids(ids: pd.Series, where: str) -> None:
    if ids.isna().any():
        raise PodiumError(f"{where}: data.id: column '{ids.name}' has {int(ids.isna().sum())} missing values")
    if ids.dtype.kind not in "iu" and not pd.api.types.is_string_dtype(ids):
        raise PodiumError(f"{where}: data.id: column '{ids.name}' holds {ids.dtype}; allowed: whole numbers or text")
    twice = ids[ids.duplicated()]
    if len(twice):
        raise PodiumError(
            f"{where}: data.id: id {twice.iloc[0]} stands twice, and {len(twice)} duplicates there are in all"
        )


def _check_values(column: pd.Series, ids: pd.Series, where: str) -> None:
    if kind_of(column) == "mixed":
        types = sorted({type(value).__name__ for value in column.dropna()})
        raise PodiumError(f"{where}: column '{column.name}' mixes types ({', '.join(types)}); give it one")
    if column.dtype.kind == "f" and np.isinf(column.to_numpy()).any():
        first = ids[np.isinf(column.to_numpy())].iloc[0]
        raise PodiumError(f"{where}: column '{column.name}' has infinite values, first at id {first}")


def _check_target(target: pd.Series, definition: Competition, where: str, at: str) -> None:
    if target.isna().any():
        raise PodiumError(
            f"{where}: data.target: column '{target.name}' has {int(target.isna().sum())} missing values{at}"
        )
    if definition.task == "regression":
        if target.dtype.kind not in "iuf":
            raise PodiumError(
                f"{where}: data.target: column '{target.name}' holds {target.dtype}; regression needs numbers"
            )
        return
    if kind_of(target) in ("number", "datetime"):
        raise PodiumError(
            f"{where}: data.target: column '{target.name}' holds {target.dtype}; classes are whole numbers or text"
        )
    found = sorted(target.unique().tolist(), key=str)
    if len(found) < 2:
        raise PodiumError(f"{where}: data.target: column '{target.name}' has a single class, {found[0]!r}")
    shown = ", ".join(repr(label) for label in found[:6]) + (", ..." if len(found) > 6 else "")
    if definition.task == "binary":
        if len(found) > 2:
            raise PodiumError(
                f"{where}: data.target: column '{target.name}' has {len(found)} classes ({shown}), not two"
            )
        if definition.data.positive not in found:
            raise PodiumError(f"{where}: data.positive: found {definition.data.positive!r}; allowed: {shown}")


def _at(table: pd.DataFrame, column: str, id_column: str) -> str:
    missing = table[column].isna()
    return f", first at id {table.loc[missing, id_column].iloc[0]}" if missing.any() else ""


# --- what is read off a table ---


def feature_names(table: pd.DataFrame, definition: Competition) -> list[str]:
    """Names of the columns that solutions see, in the table's order."""
    hidden = {definition.data.id, definition.data.target}
    chosen = definition.data.features
    return [name for name in table.columns if name not in hidden and (chosen is None or name in chosen)]


def class_labels(target: pd.Series, definition: Competition) -> list[Any]:
    """Class labels in the competition's order: sorted, the positive one last in a binary task."""
    if definition.task == "regression":
        return []
    found = sorted(target.unique().tolist())
    if definition.task == "binary":
        found.sort(key=lambda label: label == definition.data.positive)
    return found


def encode(target: pd.Series, classes: list[Any]) -> NDArray[Any]:
    """Class codes (int32), or values (float64) where there are no classes."""
    if not classes:
        return target.to_numpy(dtype=np.float64)
    return np.asarray(pd.Index(classes).get_indexer(pd.Index(target)), dtype=np.int32)


def row_keys(table: pd.DataFrame, definition: Competition) -> RowKeys:
    """What a split may look at."""
    data = definition.data
    target = encode(table[data.target], class_labels(table[data.target], definition))
    group = None if data.group is None else pd.factorize(table[data.group], sort=True)[0].astype(np.int64)
    time = None if data.time is None else table[data.time].dt.tz_localize(None).to_numpy()
    return RowKeys(target, group, time)


def clusters(table: pd.DataFrame, definition: Competition) -> Clusters:
    """Tell the cluster of each row, the unit that intervals resample."""
    data = definition.data
    match definition.ranking.cluster:
        case "day":
            code, days = pd.factorize(table[data.time].dt.tz_localize(None).dt.normalize())
            names = pd.DatetimeIndex(days).strftime("%Y-%m-%d")
        case "group":
            code, groups = pd.factorize(table[data.group])
            names = pd.Index(groups).astype(str)
        case "row":
            hashed = pd.util.hash_array(table[data.id].astype(str).to_numpy(dtype=object))
            code, bins = pd.factorize(hashed % HASH_BINS)
            names = pd.Index([f"bin-{number:03d}" for number in bins])
    in_order, place = np.unique(names.to_numpy(dtype=str), return_inverse=True)
    return Clusters(in_order, place[code])


def fingerprint(*tables: pd.DataFrame | None) -> str:
    """SHA-256 of names, kinds and values of the tables, 16 hexadecimal digits."""
    digest = sha256()
    for table in tables:
        if table is None:
            continue
        for name in table.columns:
            digest.update(f"{name}:{kind_of(table[name])}".encode())
            digest.update(pd.util.hash_pandas_object(table[name], index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def kind_of(column: pd.Series) -> str:
    """Name of a column's kind, independent of how pandas stores it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "category"
    match column.dtype.kind:
        case "b":
            return "bool"
        case "i" | "u":
            return "integer"
        case "f":
            return "number"
        case "M":
            return "datetime"
    return "text" if pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty") else "mixed"
