"""Time: train rows that lie after test rows, and test rows between train rows of the same hour."""

import numpy as np
from numpy.typing import NDArray

from competition.audit.findings import Finding, Severity, Skip
from competition.audit.models import strength_of
from competition.audit.significance import SEVERE_SKILL
from competition.audit.table import Audited, Floats

LOOKS_LIKE_TIME = 0.1  # share of train rows after the first test row, up to which a split in time was meant
NEARLY_ALL = 0.8
MIN_TEST = 10  # rows; a few may lie late by chance
NEIGHBOURS = 3


def time_split(table: Audited) -> list[Finding]:
    """A split in time that looks ahead, or rows of one time on both sides whose labels go together."""
    table.need_test()
    column = table.column(table.roles.time)
    if column is None:
        dates = sum(one.kind == "date" for one in table.columns)
        raise Skip(f"{dates or 'no'} column{'s hold' if dates > 1 else ' holds'} dates, and none is named as the time")
    if column.kind not in ("date", "number"):
        raise Skip(f"'{column.name}' holds neither dates nor numbers")
    train, test = column.values[: table.n], column.values[table.n :]
    if np.isnan(train).all() or np.isnan(test).all():
        raise Skip(f"'{column.name}' is empty in one part")
    late = train > np.nanmin(test)
    share = float(late.mean())
    if share == 0:
        return []
    stated = table.roles.split == "time"
    if stated or (share <= LOOKS_LIKE_TIME and table.n_test >= MIN_TEST):
        return [
            Finding(
                "time_split",
                "severe",
                f"{int(late.sum()):,} train rows ({share:.2%}) lie after the first test row: the split "
                f"{'is in time' if stated else 'looks like one in time'}, and looks ahead",
                (column.name,),
                "take out the train rows that lie after the first test row",
                rows=table.rows(np.flatnonzero(late)),
            )
        ]
    table.need_labels()
    target = table.y.astype(np.float64)
    order = np.argsort(np.where(np.isnan(train), np.inf, train), kind="stable")
    reached = strength_of(table, lambda known: nearest_known(target, order, known))
    if reached.skill < SEVERE_SKILL:
        return []
    severity: Severity = "severe" if reached.skill >= NEARLY_ALL else "warning"
    return [
        Finding(
            "time_split",
            severity,
            f"test rows lie between train rows by '{column.name}', and labels of the nearest in time give theirs away",
            (column.name,),
            "split in time: the last days as test rows, folds of whole days",
            reached,
            rows=table.rows(order[: 2 * NEIGHBOURS]),
        )
    ]


def nearest_known(target: Floats, order: NDArray[np.intp], known: NDArray[np.bool_]) -> Floats:
    """Labels of the nearest known rows before and after each row along an order, itself left out.

    Returns
    -------
    ndarray of shape (n, 2 * NEIGHBOURS)
        NaN beyond the ends.
    """
    in_order = order[known[order]]
    place = np.searchsorted(np.flatnonzero(known[order]), np.argsort(order, kind="stable"))
    padded = np.concatenate([np.full(NEIGHBOURS, np.nan), target[in_order], np.full(NEIGHBOURS + 1, np.nan)])
    made = []
    for step in range(1, NEIGHBOURS + 1):
        made.append(padded[NEIGHBOURS + place - step])
        # A known row is itself the first of those that are not before it.
        made.append(padded[NEIGHBOURS + place + step - 1 + known.astype(np.intp)])
    return np.column_stack(made)
