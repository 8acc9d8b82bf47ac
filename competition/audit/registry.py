"""Every check, in the order in which a report lists them, and the run over all."""

import time
import warnings
from collections.abc import Callable

from competition.audit.checks import (
    columns,
    drift,
    duplicates,
    formula,
    groups,
    neighbours,
    order,
    representation,
    text,
)
from competition.audit.checks import time as in_time
from competition.audit.findings import Finding, Outcome, Report, Skip
from competition.audit.table import Audited

Check = Callable[[Audited], list[Finding]]
CHECKS: tuple[Check, ...] = (
    duplicates.exact_duplicates,
    duplicates.near_duplicates,
    order.row_order,
    order.ids,
    neighbours.neighbouring_rows,
    columns.constants,
    columns.single_column,
    columns.missingness,
    representation.decimals,
    representation.lattices,
    representation.exact_values,
    text.text_format,
    groups.regular_groups,
    groups.entities,
    in_time.time_split,
    drift.train_and_test,
    drift.folds,
    formula.formula,
)


def audit(table: Audited) -> Report:
    """Run every check; one that cannot say anything of this table says why."""
    import sklearn.ensemble  # noqa: F401 - what is not loaded yet cannot be limited
    from threadpoolctl import threadpool_limits

    # The models are small: threads of theirs would wait for each other longer than they work, on a busy machine most.
    with threadpool_limits(1):
        outcomes = tuple(_outcome(check, table) for check in CHECKS)
    return Report(
        name=table.name,
        task=table.task,
        n_train=table.n,
        n_test=table.n_test,
        n_columns=len(table.features),
        outcomes=outcomes,
        notes=table.notes,
    )


def _outcome(check: Check, table: Audited) -> Outcome:
    name, looks_for = check.__name__, (check.__doc__ or "").split("\n")[0].rstrip(".")
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            # Of columns without a value, and of fits that ended early: what they say is no finding.
            warnings.simplefilter("ignore")
            found = tuple(check(table))
    except Skip as skip:
        return Outcome(name, looks_for, skipped=str(skip), seconds=time.perf_counter() - start)
    return Outcome(name, looks_for, found, seconds=time.perf_counter() - start)
