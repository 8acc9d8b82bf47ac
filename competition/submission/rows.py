"""Files in any dialect, read by row; an error says what is wrong, and in which line first."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.results import Predictions
from competition.submission.file import SubmissionFile, records
from competition.submission.values import codes, from_numbers, integer_of, number_of

MAX_LINE = 2**17


@dataclass(frozen=True)
class _Column:
    """One column as text, and what an error needs to tell where."""

    name: str
    lines: list[int]
    texts: list[str]
    note: str

    def error(self, bad: Sequence[bool], what: str, hint: str = "") -> PodiumError:
        """Tell the first offending line and count the rest."""
        row, more = list(bad).index(True), sum(bad) - 1
        others = f" (and {more:,} more line{'s' if more > 1 else ''} like it)" if more else ""
        text = self.texts[row]
        shown = what.format(repr(text if len(text) <= 40 else text[:39] + "…"))
        return PodiumError(
            f"{self.name}: line {self.lines[row]}: {shown}{others}", "; ".join(filter(None, [hint, self.note]))
        )


def read_by_row(
    file: SubmissionFile, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]
) -> Predictions:
    """Read a file in any dialect; an error says what is wrong."""
    columns = _columns(file, len(ids))
    predictions = _parse(columns["prediction"], definition, classes, file.decimal)
    return predictions.take(np.argsort(_align(columns["id"], ids, file.decimal)))


def _columns(file: SubmissionFile, n_ids: int) -> dict[str, _Column]:
    """Columns ``id`` and ``prediction``; of a file with too many rows as many as show what is wrong."""
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, fields in records(_lines(file.body), file.separator, file.name, 2):
        # Blank lines count as lines, and nothing else: a file may end with one or more.
        if any(fields):
            lines.append(line)
            rows.append(fields)
        if len(rows) > n_ids:
            break
    if not rows:
        raise PodiumError(f"{file.name} has a header and no rows")
    note = f"more rows than the {n_ids:,} ids" if len(rows) > n_ids else ""
    wrong = [len(fields) != len(file.columns) for fields in rows]
    if any(wrong):
        found = len(rows[wrong.index(True)])
        raise _Column(file.name, lines, [""] * len(rows), note).error(
            wrong, f"a line has two fields, and this one {found}"
        )
    return {
        column: _Column(file.name, lines, list(texts), note)
        for column, texts in zip(file.columns, zip(*rows, strict=True), strict=True)
    }


def _lines(body: memoryview) -> Iterator[str]:
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="\n")
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise csv.Error(f"the line is longer than {MAX_LINE:,} characters")
        yield line


def _parse(given: _Column, definition: Competition, classes: Sequence[Any], decimal: str) -> Predictions:
    if classes and definition.submission.kind == "value":
        found = codes(given.texts, classes, decimal)
        if min(found) < 0:
            shown = ", ".join(map(str, classes[:10])) + (", ..." if len(classes) > 10 else "")
            raise given.error([code < 0 for code in found], "{} is no label", f"allowed: {shown}")
        return Predictions(np.array(found, dtype=np.int32))
    numbers = [number_of(text, decimal) for text in given.texts]
    if not all(map(math.isfinite, numbers)):
        raise given.error([not math.isfinite(number) for number in numbers], "{} is no finite number")
    predictions = from_numbers(np.array(numbers), definition, classes)
    if predictions is None:
        raise given.error([not 0 <= number <= 1 for number in numbers], "{} is no probability", "allowed: 0 to 1")
    return predictions


def _align(given: _Column, ids: NDArray[Any], decimal: str) -> list[int]:
    """Position in `ids` of each given id; each is there once."""
    whole = ids.dtype.kind in "iu"
    wanted = {key: position for position, key in enumerate((ids if whole else ids.astype(str)).tolist())}
    positions = [wanted.get(integer_of(text, decimal) if whole else text, -1) for text in given.texts]
    if min(positions) < 0:
        bad = [position < 0 for position in positions]
        raise given.error(bad, "{} is no id of these rows", f"allowed: such as {ids[0]}")
    twice = pd.Series(positions).duplicated()
    if twice.any():
        raise given.error(twice.tolist(), "id {} stands twice")
    if len(positions) < len(ids):
        missing = np.setdiff1d(np.arange(len(ids)), positions)
        raise PodiumError(f"{given.name}: {len(missing):,} of {len(ids):,} ids are missing, first {ids[missing[0]]}")
    return positions
