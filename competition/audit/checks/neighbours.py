"""Columns that hold the target of another row: the one before or after it."""

import numpy as np
from numpy.typing import NDArray

from competition.audit.checks.columns import beats, together
from competition.audit.findings import Finding, Skip, Strength
from competition.audit.models import strength
from competition.audit.significance import ALPHA, BINS, SEVERE_SKILL, explained
from competition.audit.table import Audited, Column, Floats

MIN_ROWS = 100
LIKELY = 0.05  # share of the target's variance between bins of the neighbour's value
DECIDES = 0.9  # skill
BEYOND = 0.1  # skill that the own columns of a row do not have
MAX_FITTED = 20
EXACTLY = 0.99  # of the rows, where the neighbour's value is the target
SHIFTS = {1: "after", -1: "before"}


def neighbouring_rows(table: Audited) -> list[Finding]:
    """A column holds the target of the row before or after it, in the file or in time."""
    table.need_labels()
    table.need_columns()
    if table.sampled:
        raise Skip("rows were drawn from a larger table, so that a row's neighbours are not here")
    orders = _orders(table)
    if not orders:
        raise Skip("the rows were drawn or shuffled, and there is no column of time to put them in order")
    if table.n < MIN_ROWS:
        raise Skip(f"{table.n} rows are too few ({MIN_ROWS})")
    others: Strength | None = None
    found: list[Finding] = []
    for _, column, values, told in _likely(table, orders):
        reached = strength(table, values[:, None])
        if reached.skill < SEVERE_SKILL or any(column.name in one.where for one in found):
            continue
        others = others or together(table, list(table.measured))
        exactly = not table.classes and bool(np.mean(np.isclose(values, table.y, rtol=1e-9)) >= EXACTLY)
        severe = exactly or (reached.skill >= DECIDES and beats(reached, others))
        if not severe and reached.skill < others.skill + BEYOND:
            continue
        found.append(
            Finding(
                "neighbouring_rows",
                "severe" if severe else "warning",
                f"'{column.name}' of the row {told} tells a row's target, and better than its own columns do",
                (column.name,),
                "let no row hold what another one is asked for: drop the column, or give each test row without those "
                "after it",
                reached,
                others,
                rows=table.rows(np.arange(min(6, table.n))),
            )
        )
    return found


def _likely(table: Audited, orders: dict[str, NDArray[np.intp]]) -> list[tuple[float, Column, Floats, str]]:
    """What goes with the target most among the columns of neighbouring rows: share, column, values, which row."""
    from scipy.stats import chi2

    targets = [target for _, target in table.indicators()]
    made = []
    for column in table.measured:
        for name, order in orders.items():
            for shift, side in SHIFTS.items():
                values = _shifted(column.values[: table.n], order, shift)
                share = max(explained(values, target) for target in targets)
                made.append((share, column, values, f"{side} it in {name}"))
    made.sort(key=lambda one: -one[0])
    # A share between bins is chi-square over n - 1 where nothing goes together.
    by_chance = float(chi2.isf(ALPHA / max(1, len(made) * len(targets)), BINS)) / (table.n - 1)
    return [one for one in made[:MAX_FITTED] if one[0] >= max(LIKELY, by_chance)]


def _orders(table: Audited) -> dict[str, NDArray[np.intp]]:
    """Positions of the train rows in the order of the file, and of time within each group."""
    made: dict[str, NDArray[np.intp]] = {}
    if not table.sampled and not table.own_folds:
        made["the order of the file"] = np.arange(table.n)
    time, group = table.column(table.roles.time), table.column(table.roles.group)
    if time is not None and not table.sampled:
        keys = [time.values[: table.n]] + ([group.values[: table.n]] if group is not None else [])
        in_time = np.lexsort(keys)
        if not np.array_equal(in_time, np.arange(table.n)) or not made:
            made["the order of time"] = in_time
    return made


def _shifted(values: Floats, order: NDArray[np.intp], shift: int) -> Floats:
    """Value of the row that many places later in an order, NaN beyond its ends."""
    made = np.full(len(values), np.nan)
    if shift > 0:
        made[order[:-shift]] = values[order[shift:]]
    else:
        made[order[-shift:]] = values[order[:shift]]
    return made
