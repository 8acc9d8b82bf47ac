"""CSV files as text cells: encodings, separators, lines of another length."""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from competition.errors import PodiumError
from competition.scaffold.infer import MISSING, SEPARATORS

BLOCK_BYTES = 1 << 26
SAMPLE_LINES = 200


@dataclass(frozen=True)
class TextTable:
    """The cells of a file as text.

    Parameters
    ----------
    cells : pyarrow.Table
        Every column as text.
    decimal : str
        Point or comma.
    notes : tuple of str
        What was left out, or read in another way than one would think.
    """

    name: str
    cells: pa.Table
    decimal: str
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the columns in their order."""
        return list(self.cells.column_names)

    def column(self, name: str, rows: Any = None) -> "pd.Series[Any]":
        """Text of a column, of some rows if given; NaN where the cell says that it holds nothing."""
        chunked = self.cells.column(name)
        text: pd.Series[Any] = (chunked if rows is None else chunked.take(pa.array(rows))).to_pandas().astype("str")
        return text.mask(text.str.strip().isin(MISSING))


def read_text(path: Path) -> TextTable:
    """Read a CSV file.

    Raises
    ------
    PodiumError
        If it is no table, in one line.
    """
    if not path.is_file():
        raise PodiumError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PodiumError(f"cannot read {path}: {error.strerror}") from None
    encoding, text = _decoded(content, path)
    separator, header = _header(text, path.name)
    left_out: list[int] = []

    def leave_out(row: Any) -> str:
        left_out.append(row.actual_columns)
        return "skip"

    try:
        cells = pyarrow.csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=header, skip_rows=1, block_size=BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=leave_out
            ),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except (pa.ArrowInvalid, pa.ArrowCapacityError) as error:
        raise PodiumError(f"{path.name} is no CSV file: {' '.join(str(error).split())[:200]}") from None
    if cells.num_rows == 0:
        raise PodiumError(f"{path.name} has no rows below its header")
    notes = []
    if left_out:
        was = "line was" if len(left_out) == 1 else "lines were"
        notes.append(
            f"{path.name}: {len(left_out)} {was} left out, the first of {left_out[0]} cells instead of {len(header)}"
        )
    if encoding != "utf-8-sig":
        notes.append(f"{path.name}: read as {encoding}, since it is not UTF-8")
    decimal = "." if separator == "," else _decimal(cells)
    return TextTable(path.name, cells, decimal, tuple(notes))


def _decoded(content: bytes, path: Path) -> tuple[str, str]:
    """UTF-8, UTF-16 with its mark, or as Excel writes it in the West."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\0" in content:
        raise PodiumError(f"{path} is no CSV file: it is not text")
    else:
        candidates = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in candidates:
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PodiumError(f"{path} is no CSV file: it is not text")


def _header(text: str, name: str) -> tuple[str, list[str]]:
    """The separator that makes most of the first line, and the columns' names."""
    first = text.split("\n", 1)[0].rstrip("\r")
    if not first.strip():
        raise PodiumError(f"{name} is empty" if not text.strip() else f"{name}: the first line has no column names")
    try:
        found = {one: next(csv.reader(io.StringIO(first), delimiter=one), []) for one in SEPARATORS}
    except csv.Error as error:
        raise PodiumError(f"{name} is no CSV file: line 1: {error}") from None
    separator = max(SEPARATORS, key=lambda one: len(found[one]))
    header = [column.strip() or f"Unnamed: {number}" for number, column in enumerate(found[separator])]
    for column in header:
        if header.count(column) > 1:
            raise PodiumError(f"{name}: column '{column}' stands twice")
    return separator, header


def _decimal(cells: pa.Table) -> str:
    """A comma where more cells of the first lines are numbers with it than with a point."""
    text = [str(cell) for column in cells.slice(0, SAMPLE_LINES).columns for cell in column.to_pylist()]
    counts = {mark: sum(_is_decimal(cell, mark) for cell in text) for mark in ".,"}
    return max(".,", key=lambda mark: counts[mark])


def _is_decimal(cell: str, mark: str) -> bool:
    whole, found, fraction = cell.strip().lstrip("+-").partition(mark)
    return bool(found) and whole.isdigit() and fraction.isdigit()
