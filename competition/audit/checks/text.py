"""How texts and dates are written: format, letter case, blanks, and what codes end in."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.findings import Finding, Severity, Skip
from competition.audit.models import strength
from competition.audit.significance import (
    ALPHA,
    SEVERE_SKILL,
    WARNING_SKILL,
    contingency_p,
    corrected,
    stratified_p,
)
from competition.audit.table import Audited, Column, formats

MIN_ROWS = 10  # of one format of text
MAX_KINDS = 30
ALL_DIFFERENT = 0.5  # distinct values a row, from which texts without a blank are codes and not words
EXPLAINED = "the classes come from two sources, or were processed apart"


@dataclass(frozen=True)
class Writing:
    """One way in which the texts of a column may be told apart without reading them.

    Parameters
    ----------
    codes : ndarray of int of shape (n_train,)
        Which kind of writing each row has.
    kinds : list of str
        Names of the kinds.
    words : ndarray of int of shape (n_train,), optional
        What is written, where the writing is to tell something beside it.
    means_nothing : bool
        Whether no measurement of a row can lie in it.
    """

    what: str
    codes: NDArray[np.intp]
    kinds: list[str]
    words: NDArray[np.intp] | None = None
    means_nothing: bool = False


def text_format(table: Audited) -> list[Finding]:
    """Texts or dates of one class are written in another format: letter case, separators, length, blanks."""
    table.need_labels()
    columns = [one for one in table.columns if one.kind in ("text", "date")]
    made = [(column, writing) for column in columns for writing in _writings(table, column)]
    made = [(column, writing) for column, writing in made if len(writing.kinds) > 1]
    if not made:
        raise Skip("no column of texts or dates is written in two ways")
    targets = [target for _, target in table.indicators()]
    found: dict[str, Finding] = {}
    for column, writing in made:
        if writing.words is None:
            p_value = min(contingency_p(writing.codes, target) for target in targets)
        else:
            differs = (writing.codes > 0).astype(np.float64)
            p_value = min(stratified_p(differs, target, writing.words) for target in targets)
        p_value = corrected(p_value, len(made) * len(targets))
        if p_value > ALPHA:
            continue
        reached = strength(table, np.eye(len(writing.kinds))[writing.codes])
        words = None if writing.words is None else strength(table, writing.words[:, None].astype(np.float64))
        if reached.skill < WARNING_SKILL or (column.name in found and reached.skill <= found[column.name].skill):
            continue
        severity: Severity = "severe" if writing.means_nothing and reached.skill >= SEVERE_SKILL else "warning"
        first = [int(np.flatnonzero(writing.codes == code)[0]) for code in np.unique(writing.codes)[:6]]
        found[column.name] = Finding(
            "text_format",
            severity,
            f"the {writing.what} of '{column.name}'{_shown(writing)} goes with the target: {EXPLAINED}",
            (column.name,),
            "write all rows in one format; drop codes that were made up, or make them anew for all rows alike",
            reached,
            words,
            p_value,
            table.rows(first),
        )
    return list(found.values())


def _shown(writing: Writing) -> str:
    """The kinds of writing, where they are no part of what is written."""
    return f" ({', '.join(map(repr, writing.kinds[:4]))})" if writing.what in ("format", "length", "writing") else ""


def _writings(table: Audited, column: Column) -> Iterator[Writing]:
    text = column.text.iloc[: table.n].fillna("").astype("str")
    codes, distinct = pd.factorize(text)
    if len(distinct) > MAX_KINDS:
        yield _of("format", pd.Series(formats(distinct), dtype=object), codes, column.kind == "date")
    if column.kind == "date":
        return
    words = pd.Series(distinct).str.casefold().str.split().str.join(" ")
    if words.nunique() < len(distinct):
        yield _variants(pd.Series(distinct), words, codes)
    present = pd.Series(distinct[distinct != ""])
    if len(present) < ALL_DIFFERENT * table.n or present.str.contains(r"\s", regex=True).any():
        return
    if present.str.contains(r"\d", regex=True).mean() >= ALL_DIFFERENT:
        yield _of("length", pd.Series(distinct).str.len().astype(str), codes, means_nothing=True)
        yield _of("last character", pd.Series(distinct).str[-1:], codes, means_nothing=True)


def _of(what: str, of_distinct: "pd.Series[str]", codes: NDArray[np.intp], means_nothing: bool) -> Writing:
    """Kinds of writing, rare ones together."""
    kind_of = of_distinct.to_numpy(dtype=object)[codes]
    counts = pd.Series(kind_of).value_counts()
    kept = [str(kind) for kind in counts.index[counts >= MIN_ROWS][:MAX_KINDS]]
    place = {kind: at for at, kind in enumerate(kept)}
    made = np.array([place.get(kind, len(kept)) for kind in kind_of], dtype=np.intp)
    return Writing(what, made, kept if made.max() < len(kept) else [*kept, "others"], means_nothing=means_nothing)


def _variants(distinct: "pd.Series[str]", words: "pd.Series[str]", codes: NDArray[np.intp]) -> Writing:
    """The same words in capitals or with blanks: the most frequent writing, or another one."""
    table = pd.DataFrame({"words": words, "count": np.bincount(codes, minlength=len(distinct))})
    usual = table.groupby("words")["count"].transform("max") == table["count"]
    other = (~usual | table.assign(usual=usual).duplicated(["words", "usual"])).to_numpy()
    kinds = ["the usual one", "another one"]  # a text itself would be a value of the data
    return Writing("writing", other[codes].astype(np.intp), kinds, pd.factorize(words)[0][codes], means_nothing=True)
