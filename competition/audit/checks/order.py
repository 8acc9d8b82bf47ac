"""Where a row stands: the order of the file, and ids."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.checks.time import nearest_known
from competition.audit.findings import Finding, Skip, Strength
from competition.audit.models import MakeColumns, boosting, boosting_for, strength, strength_of, tree
from competition.audit.significance import ALPHA, SEVERE_SKILL, WARNING_SKILL, contingency_p, corrected
from competition.audit.table import Audited, Floats

N_PARTS = 20  # of the file, whose labels are compared
PERIODS = tuple(range(2, 13))
SORTED = 0.99
MAX_PREDICTED = 5_000
MAX_PREFIXES = 50
ADDS = 0.05  # skill, beside the features


def row_order(table: Audited) -> list[Finding]:
    """The order of the rows in the file goes with the target."""
    table.need_labels()
    position = table.number[: table.n].astype(np.float64)
    _skip_along_time(table, position, "the rows stand in the order of their time")
    p_value = _p_along(table, position)
    if p_value > ALPHA:
        return []
    along = _along(table, position)
    reached = strength_of(table, along, tree)
    if reached.skill < WARNING_SKILL:
        return []
    reference = _without(table, along, reached)
    if reference is _EXPLAINED:
        return [_as_features_say("row_order", "the order of the train file goes", ("order of rows",), reached)]
    also = _test_runs_too(table)
    severe = also is not None and reached.skill >= SEVERE_SKILL
    told = f"; the test file runs in the same way, as a model sees it (p = {also:.0e})" if also is not None else ""
    return [
        Finding(
            "row_order",
            "severe" if severe else "warning",
            f"the order of the train file goes with the target{told}",
            ("order of rows",),
            "shuffle the rows before they are split, test rows above all",
            reached,
            reference,
            p_value=p_value,
            rows=table.rows(_breaks(position, table.y)),
        )
    ]


def ids(table: Audited) -> list[Finding]:
    """Ids go with the target: their size, their remainders, their letters."""
    table.need_labels()
    column = table.column(table.roles.id)
    if column is None:
        raise Skip("there is no id column")
    position, prefix = _parsed(column.text)
    own = position[: table.n]
    _skip_along_time(table, own, "the ids stand in the order of time")
    p_value = min(1.0, 2 * min(_p_along(table, own), _p_prefix(table, prefix[: table.n])))
    if p_value > ALPHA:
        return []
    along = _along(table, own, prefix[: table.n].astype(np.float64))
    reached = strength_of(table, along, tree)
    if reached.skill < WARNING_SKILL:
        return []
    reference = _without(table, along, reached)
    if reference is _EXPLAINED:
        return [_as_features_say("ids", f"the ids in '{column.name}' go", (column.name,), reached)]
    among = table.n_test == 0 or bool(np.nanmedian(_inside(position[table.n :], own)) > 0)
    return [
        Finding(
            "ids",
            "severe" if reached.skill >= SEVERE_SKILL and among else "warning",
            f"the ids in '{column.name}' go with the target",
            (column.name,),
            "give the rows new ids at random",
            reached,
            reference,
            p_value=p_value,
            rows=table.rows(_breaks(own, table.y)),
        )
    ]


def _skip_along_time(table: Audited, position: Floats, why: str) -> None:
    """Labels that come in waves are no leak where the order is that of time, which is there to see."""
    time = table.column(table.roles.time)
    if time is None:
        return
    both = pd.DataFrame({"time": time.values[: table.n], "position": position}).dropna().rank().to_numpy()
    if len(both) > 2 and abs(float(np.corrcoef(both.T)[0, 1])) >= SORTED:
        raise Skip(f"{why} ('{time.name}'), which entrants may see anyway")


def _parsed(text: "pd.Series[Any]") -> tuple[Floats, NDArray[np.intp]]:
    """Number at the end of each id, NaN where there is none, and code of what stands before it; rare ones together."""
    # 7.0 is what a column of whole numbers becomes where one was missing.
    plain = text.astype("str").str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    parts = plain.str.extract(r"^(.*?)(\d{1,15})?\s*$")
    number = pd.to_numeric(parts[1], errors="coerce").to_numpy(dtype=np.float64)
    prefix = parts[0].fillna("")
    frequent = prefix.value_counts().index[:MAX_PREFIXES]
    return number, pd.Index(frequent).get_indexer(pd.Index(prefix)) + 1


def _inside(test: Floats, train: Floats) -> Floats:
    """1 for the test ids between the smallest and the largest of train, 0 for others."""
    low, high = np.nanmin(train, initial=np.inf), np.nanmax(train, initial=-np.inf)
    return ((test >= low) & (test <= high)).astype(np.float64) if len(test) else np.zeros(1)


def _p_along(table: Audited, position: Floats) -> float:
    """Test whether labels differ between parts of an order, between neighbours in it, or between its remainders."""
    usable = np.isfinite(position)
    if usable.sum() < table.n / 2 or len(np.unique(position[usable])) < N_PARTS:
        return 1.0
    from scipy.stats import norm

    order = np.argsort(position[usable], kind="stable")
    parts = np.empty(len(order), dtype=np.intp)
    parts[order] = np.arange(len(order)) * N_PARTS // len(order)
    whole = np.mod(position[usable], 2**40).astype(np.int64)
    targets = [target[usable] for _, target in table.indicators()]
    p_values = []
    for target in targets:
        p_values.append(contingency_p(parts, target))
        p_values += [contingency_p(whole % period, target) for period in PERIODS]
        z = (target[order] - target.mean()) / (target.std() or 1.0)
        p_values.append(float(2 * norm.sf(abs(z[1:] @ z[:-1]) / np.sqrt(len(z)))))
    return corrected(min(p_values), len(p_values))


def _p_prefix(table: Audited, prefix: NDArray[np.intp]) -> float:
    targets = table.indicators()
    return corrected(min(contingency_p(prefix, target) for _, target in targets), len(targets))


def _along(table: Audited, position: Floats, *others: Floats) -> MakeColumns:
    """What the place of a row tells: itself, its remainders, and the labels of the nearest rows that are known."""
    target = table.y.astype(np.float64)
    order = np.argsort(np.where(np.isfinite(position), position, np.inf), kind="stable")
    remainders = [np.mod(position, period) for period in PERIODS]

    def columns(known: NDArray[np.bool_]) -> Floats:
        return np.column_stack([position, *remainders, *others, nearest_known(target, order, known)])

    return columns


_EXPLAINED = Strength("", 0.0, 0.0)


def _without(table: Audited, along: MakeColumns, reached: Strength) -> Strength | None:
    """What the features reach; `_EXPLAINED` where the place of a row adds nothing to them, as if sorted by one."""
    if not table.measured:
        return None
    X = table.matrix(table.measured)[: table.n]
    alone = strength(table, X, boosting_for(table))
    if reached.skill > alone.skill + (1 - alone.skill) / 4:
        return alone
    both = strength_of(table, lambda known: np.column_stack([X, along(known)]), boosting_for(table))
    return alone if both.skill - alone.skill >= min(ADDS, (1 - alone.skill) / 2) else _EXPLAINED


def _as_features_say(check: str, what: str, where: tuple[str, ...], reached: Strength) -> Finding:
    told = f"{what} with the target, but no more than the features do, as where rows are sorted by one"
    return Finding(check, "note", told, where, "shuffle the rows all the same", reached)


def _breaks(position: Floats, y: NDArray[np.generic]) -> NDArray[np.intp]:
    """Some rows at which the label changes along the order."""
    order = np.argsort(position, kind="stable")
    changes = np.flatnonzero(y[order][1:] != y[order][:-1])
    return order[changes[:3, None] + [0, 1]].ravel() if len(changes) else order[:6]


def _test_runs_too(table: Audited) -> float | None:
    """p-value of what a model predicts for the test rows along their file; None where nothing can be seen."""
    if table.n_test < N_PARTS * 3 or not table.measured:
        return None
    X = table.matrix(table.measured)
    rows = np.random.default_rng(0).permutation(table.n)[:MAX_PREDICTED]
    model = boosting(bool(table.classes)).fit(X[rows], table.y[rows])
    tests = table.n + np.arange(table.n_test)[:: 1 + table.n_test // MAX_PREDICTED]
    predicted = model.predict_proba(X[tests]) if table.classes else model.predict(X[tests])[:, None]
    parts = np.arange(len(tests)) * N_PARTS // len(tests)
    p_values = [contingency_p(parts, np.asarray(pd.Series(one).rank(), dtype=np.float64)) for one in predicted.T]
    p_value = corrected(min(p_values), len(p_values))
    return p_value if p_value <= ALPHA else None
