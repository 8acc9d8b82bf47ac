"""Single columns: constants, one that nearly decides, missing cells that tell."""

import numpy as np
from numpy.typing import NDArray

from competition.audit.findings import Finding, Skip, Strength
from competition.audit.models import Learner, boosting_for, forest, strength
from competition.audit.significance import ALPHA, WARNING_SKILL, contingency_p, corrected, explained
from competition.audit.table import Audited, Column, Floats

MAX_FITTED_COLUMNS = 40
DECIDES = 0.9  # skill of a column that is looked at
NEARLY_ALL = 0.99  # and of one that is severe
TIMES_FEWER = 3.0  # errors than all other columns together
FEWER = 0.03
CODES_A_CLASS = 3  # distinct values of a column that is the target under another name
MANY_COLUMNS = 60
MISSINGNESS_DECIDES = 0.8
MIN_MISSING = 10


def constants(table: Audited) -> list[Finding]:
    """Columns that hold one value, or none."""
    if table.n < 2:
        raise Skip("a single row says nothing of what varies")
    train = [(one, one.text.iloc[: table.n]) for one in table.columns]
    same = [one for one, text in train if text.isna().all() or (text == text.iloc[0]).all()]
    if not same:
        return []
    changes = [one.name for one in same if table.n_test and one.text.iloc[table.n :].nunique() > 1]
    also = f"; in the test rows it is not so: {', '.join(changes[:5])}" if changes else ""
    names = tuple(one.name for one in same)
    what = f"{len(names)} column{'s hold' if len(names) > 1 else ' holds'} one value, or none, in all train rows{also}"
    return [Finding("constants", "warning" if changes else "note", what, names, "drop what does not vary")]


# --- one column that nearly decides ---


def single_column(table: Audited) -> list[Finding]:
    """One column decides nearly alone, where all others together do not."""
    table.need_labels()
    table.need_columns()
    columns = _likeliest(table)
    reached = {one.name: strength(table, one.values[: table.n, None]) for one in columns}
    deciding = [one for one in columns if reached[one.name].skill >= DECIDES]
    if not deciding:
        return []
    names = {one.name for one in deciding}
    rest = [one for one in table.measured if one.name not in names]
    others = together(table, rest) if rest else None
    found = []
    for column in sorted(deciding, key=lambda one: -reached[one.name].skill):
        alone = reached[column.name]
        is_code = _is_code(table, column, alone)
        # Where every one of several columns decides, the task is easy.
        far_ahead = beats(alone, others) if others else len(table.measured) == 1
        if not (is_code or far_ahead):
            continue
        severe = is_code or (alone.skill >= NEARLY_ALL and others is not None)
        why = "each of its values stands for one class" if is_code else "all other columns together are far off"
        found.append(
            Finding(
                "single_column",
                "severe" if severe else "warning",
                f"'{column.name}' alone nearly decides the target; {why}",
                (column.name,),
                "find out whether it is known before the target is; drop it if it is made from the target or after it",
                alone,
                others,
                rows=table.rows(_telling(column.values[: table.n], table.y)),
            )
        )
    return found


def _likeliest(table: Audited) -> list[Column]:
    """The columns to fit a tree on: those that go with the target most, by bins of equal frequency."""
    columns = [one for one in table.features if one.kind != "empty" and one.n_distinct > 1]
    if len(columns) <= MAX_FITTED_COLUMNS:
        return columns
    targets = [target for _, target in table.indicators()]
    shares = [max(explained(one.values[: table.n], target) for target in targets) for one in columns]
    return [columns[at] for at in np.argsort(shares)[::-1][:MAX_FITTED_COLUMNS]]


def together(table: Audited, columns: list[Column]) -> Strength:
    """What columns reach together: the better of two models, since an easy task must look easy."""
    X = table.matrix(columns)[: table.n]
    learners: tuple[Learner, ...] = (boosting_for(table),)
    if len(columns) > MANY_COLUMNS * 10:
        learners = (forest,)
    elif table.n <= 5_000:
        learners = (boosting_for(table), forest)
    return max((strength(table, X, learner) for learner in learners), key=lambda one: one.score)


def _is_code(table: Audited, column: Column, alone: Strength) -> bool:
    few = column.n_distinct <= CODES_A_CLASS * len(table.classes)
    return bool(table.classes) and few and alone.score >= 0.9999 and table.n >= 100


def beats(alone: Strength, others: Strength) -> bool:
    """Whether something makes several times fewer errors alone than all columns together."""
    errors, errors_of_others = 1 - alone.score, 1 - others.score
    return errors_of_others >= TIMES_FEWER * errors and errors_of_others - errors >= FEWER


def _telling(values: Floats, y: NDArray[np.generic]) -> NDArray[np.intp]:
    order = np.argsort(values, kind="stable")
    return order[np.linspace(0, len(order) - 1, 6).astype(np.intp)]


# --- missing cells ---


def missingness(table: Audited) -> list[Finding]:
    """Which cells are missing tells the target."""
    table.need_labels()
    table.need_columns()
    columns = [one for one in table.measured if MIN_MISSING <= one.missing[: table.n].sum() <= table.n - MIN_MISSING]
    if not columns:
        return []
    targets = table.indicators()
    n_tests = len(columns) * len(targets)
    tested = []
    for column in columns:
        codes = column.missing[: table.n].astype(np.intp)
        p_value = min(contingency_p(codes, target) for _, target in targets)
        tested.append((corrected(p_value, n_tests), column))
    telling = [(p_value, column) for p_value, column in tested if p_value <= ALPHA]
    if not telling:
        return []
    telling.sort(key=lambda one: one[0])
    own = [column for _, column in telling[:MAX_FITTED_COLUMNS]]
    missing = np.column_stack([column.missing[: table.n] for column in own])
    reached = strength(table, missing.astype(np.float64))
    if reached.skill < WARNING_SKILL:
        return []
    names = tuple(column.name for column in own)
    shown = ", ".join(f"'{name}'" for name in names[:4]) + (" and others" if names[4:] else "")
    return [
        Finding(
            "missingness",
            "severe" if reached.skill >= MISSINGNESS_DECIDES else "warning",
            f"whether {shown} {'is' if len(names) == 1 else 'are'} missing tells the target",
            names,
            "find out why cells are missing; what was only recorded for one class must go, or be filled in alike",
            reached,
            p_value=telling[0][0],
            rows=table.rows(np.flatnonzero(missing.any(axis=1))),
        )
    ]
