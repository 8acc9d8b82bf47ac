"""CSV files as text cells, however they are encoded, compressed and separated."""

import codecs
import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from competition.errors import PodiumError

SEPARATORS = (",", ";", "\t", "|")
# Not "None", which is a class of its own in many tables.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null")
MOSTLY_NUMBERS = 0.8  # of a column's cells; error values of spreadsheets stand between them
ALLOWED = "allowed: text in UTF-8, UTF-16 with its mark, Windows-1252 or Latin-1, separated by , ; tab or |"
_BLOCK_BYTES = 1 << 26
_HEADER_CHARACTERS = 1 << 20
_SAMPLE_ROWS = 1_000
_GZIP = b"\x1f\x8b"
_SWAP_DECIMAL = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class CsvFile:
    """The cells of a file as text, and how it is written.

    Parameters
    ----------
    cells : pyarrow.Table
        Every column as text.
    encoding, separator, decimal : str
        How the file is written.
    compressed : bool
        Whether it is compressed with gzip.
    left_out : tuple of int
        How many cells each line had that was left out, since the header names another number.
    joined : int
        Lines that belong to the row before them, as cells in quotes hold line breaks.
    """

    name: str
    cells: pa.Table
    encoding: str
    separator: str
    decimal: str
    compressed: bool
    left_out: tuple[int, ...]
    joined: int

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    @property
    def columns(self) -> list[str]:
        """Names of the columns in their order."""
        return list(self.cells.column_names)

    def column(self, name: str, rows: Any = None) -> "pd.Series[Any]":
        """Text of a column, of some rows if given; NaN where the cell says that it holds nothing."""
        chunked = self.cells.column(name)
        text = (chunked if rows is None else chunked.take(pa.array(rows))).combine_chunks()
        holds = pc.invert(pc.is_in(pc.utf8_trim_whitespace(text), value_set=pa.array(MISSING)))
        made: pd.Series[Any] = pc.if_else(holds, text, None).to_pandas().astype("str")
        return made.rename(name)


def read_csv_file(path: Path) -> CsvFile:
    """Read a CSV file; lines of another length than the header are left out and counted.

    Raises
    ------
    PodiumError
        If it is no table, in one line.
    """
    content, compressed = _content(path)
    encoding, text = _decoded(content, path)
    separator, header = _header(text, path.name)
    left_out: list[int] = []

    def leave_out(row: Any) -> str:
        left_out.append(row.actual_columns)
        return "skip"

    try:
        cells = pyarrow.csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=header, skip_rows=1, block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=leave_out
            ),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except (pa.ArrowInvalid, pa.ArrowCapacityError) as error:
        raise PodiumError(f"{path.name} is no CSV file: {' '.join(str(error).split())[:200]}") from None
    if left_out and not cells.num_rows:
        counts = ", ".join(str(count) for count in sorted(set(left_out))[:3])
        raise PodiumError(
            f"{path.name}: no line has as many cells as the header: found {counts}; allowed: {len(header)}"
        )
    joined = _lines(text) - 1 - cells.num_rows - len(left_out)
    decimal = "." if separator == "," else _decimal(cells)
    return CsvFile(path.name, cells, encoding, separator, decimal, compressed, tuple(left_out), max(0, joined))


def numbers(text: "pd.Series[Any]", decimal: str) -> "pd.Series[Any]":
    """Numbers of texts, NaN for what is none; whole ones stay whole where all are."""
    if decimal == ",":
        text = text.str.translate(_SWAP_DECIMAL)
    # As objects: pandas reads them four times as fast.
    return pd.to_numeric(text.astype(object), errors="coerce")


def _content(path: Path) -> tuple[bytes, bool]:
    """Bytes of a file, unpacked, and whether they had to be."""
    if not path.is_file():
        raise PodiumError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PodiumError(f"cannot read {path}: {error.strerror}") from None
    if not content.startswith(_GZIP):
        return content, False
    try:
        return gzip.decompress(content), True
    except (OSError, EOFError, zlib.error) as error:
        raise PodiumError(f"{path} cannot be unpacked: {error}") from None


def _decoded(content: bytes, path: Path) -> tuple[str, str]:
    """UTF-8, UTF-16 with its mark, or as Excel writes it in the West."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\0" in content:
        raise PodiumError(f"{path} is no CSV file: it is not text", ALLOWED)
    else:
        candidates = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in candidates:
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PodiumError(f"{path} is no CSV file: it is not text", ALLOWED)


def _header(text: str, name: str) -> tuple[str, list[str]]:
    """The separator, which is the one that makes most of the first line, and the columns' names."""
    start = text[:_HEADER_CHARACTERS]
    if "\r" in start and "\n" not in start:
        raise PodiumError(
            f"{name}: its lines end with a carriage return alone", "allowed: a line feed, alone or after it"
        )
    try:
        found = {one: next(csv.reader(io.StringIO(start, newline=""), delimiter=one), []) for one in SEPARATORS}
    except csv.Error as error:
        raise PodiumError(f"{name} is no CSV file: line 1: {error}") from None
    separator = max(SEPARATORS, key=lambda one: len(found[one]))
    if not any(cell.strip() for cell in found[separator]):
        raise PodiumError(f"{name} is empty" if not text.strip() else f"{name}: the first line has no column names")
    header = [column or f"Unnamed: {number}" for number, column in enumerate(found[separator])]
    seen: set[str] = set()
    for column in header:
        if column in seen:
            raise PodiumError(f"{name}: column '{column}' stands twice")
        if any(ord(character) < 32 or ord(character) == 127 for character in column):
            raise PodiumError(f"{name}: the column name {column!r} has a line break or a control character")
        seen.add(column)
    return separator, header


def _lines(text: str) -> int:
    """Lines that are not empty."""
    text = text.replace("\r\n", "\n") if "\r" in text else text
    empty = text.count("\n\n") + text.startswith("\n")
    return text.count("\n") + (not text.endswith("\n")) - empty


def _decimal(cells: pa.Table) -> str:
    """A comma where more columns are numbers with it than with a point."""
    rows = np.unique(np.linspace(0, max(0, cells.num_rows - 1), _SAMPLE_ROWS).astype(np.int64))
    sample = cells.take(pa.array(rows[: cells.num_rows]))
    columns = [column.to_pandas().astype("str") for column in sample.columns]
    present = [column[~column.str.strip().isin(MISSING)] for column in columns]

    def count(mark: str) -> int:
        return sum(len(text) > 0 and numbers(text, mark).notna().mean() >= MOSTLY_NUMBERS for text in present)

    return max(".,", key=count)
