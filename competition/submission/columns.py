"""Well-formed files, read by column: as fast as Arrow reads, and nothing that `rows` would refuse."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from competition.definition import Competition
from competition.results import Predictions
from competition.submission.file import MAX_BYTES, SubmissionFile
from competition.submission.values import are_whole, codes, from_numbers

BLOCK_BYTES = 2**22  # of which Arrow parses several at once
# Ids that lie so close together (range over count) are looked up in a table, several times as fast as by their hashes.
DENSE = 8


def read_by_column(
    file: SubmissionFile, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]
) -> Predictions | None:
    """Read a well-formed file; None for any other, right or wrong."""
    if file.n_breaks < len(ids) - 1:
        return None
    by_number = not classes or definition.submission.kind == "probability" or are_whole(classes)
    table = _table(file, ids.dtype.kind == "i", by_number)
    if table is None or len(table) != len(ids) or any(column.null_count for column in table.columns):
        return None
    order = _order(table["id"].combine_chunks(), ids)
    if order is None:
        return None
    given = table["prediction"]
    if by_number:
        return from_numbers(given.to_numpy()[order], definition, classes)
    # Each spelling is looked up once.
    spelled = given.unify_dictionaries().combine_chunks()
    code = np.array(codes(spelled.dictionary.to_pylist(), classes, file.decimal), dtype=np.int32)
    return None if (code < 0).any() else Predictions(code[spelled.indices.to_numpy()[order]])


def _table(file: SubmissionFile, whole_ids: bool, by_number: bool) -> Any:
    """Read both columns with Arrow; None where it takes a line for wrong, or may take it for what it is not."""
    # Arrow reads 0x1F as a whole number; a single letter is found much faster than two.
    if whole_ids and any(x in file.content and b"0" + x in file.content for x in (b"x", b"X")):
        return None
    # A line break inside quotes ends no line, so that blocks cannot be told apart.
    quoted = b'"' in file.content
    types = {
        "id": pa.int64() if whole_ids else pa.string(),
        "prediction": pa.float64() if by_number else pa.dictionary(pa.int32(), pa.string()),
    }
    size = len(file.content) - file.start
    try:
        return pa.csv.read_csv(
            pa.BufferReader(pa.py_buffer(file.body)),
            read_options=pa.csv.ReadOptions(
                column_names=file.columns, block_size=min(size + 1, MAX_BYTES if quoted else BLOCK_BYTES)
            ),
            parse_options=pa.csv.ParseOptions(delimiter=file.separator, quote_char='"' if quoted else False),
            convert_options=pa.csv.ConvertOptions(
                column_types=types, decimal_point=file.decimal if b"," in file.content else "."
            ),
        )
    except pa.ArrowInvalid:
        return None


def _order(given: Any, ids: NDArray[Any]) -> NDArray[np.intp] | slice | None:
    """Row of `given` (as many as there are ids) that has each id; None unless each id is there once."""
    whole = ids.dtype.kind == "i"
    wanted = pa.array(ids.astype(np.int64 if whole else str))
    if wanted.equals(given):
        return slice(None)
    if whole:
        number, low, high = given.to_numpy(), int(ids.min()), int(ids.max())
        if number.min() < low or number.max() > high:
            return None
        if high - low < DENSE * len(ids):
            row = np.full(high - low + 1, -1, dtype=np.intp)
            row[number - low] = np.arange(len(number))
            order = row[ids - low]
            return None if (order < 0).any() else order
    found = pa.compute.index_in(wanted, value_set=given)
    return None if found.null_count else found.to_numpy()
