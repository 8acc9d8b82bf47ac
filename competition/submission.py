"""The CSV of predictions, as on Kaggle: read, check, align, write.

Files that differ in form alone (UTF-8 with or without a byte order mark, latin-1, CRLF or LF, quoted or not, ``,`` or
``;`` between fields, with ``;`` also a decimal comma, gzipped or plain, another order of rows) are the same submission.
An error names the first offending line and counts the others; it never tells a true label.

A well-formed file is read by column (`_read_fast`). Whatever that does not take goes row by row (`_read_rows`), which
takes the rest of the dialects and explains what is wrong; both give the same predictions.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.repository import replacing
from competition.results import Predictions

BYTES_PER_ROW = 256
SPARE_BYTES = 2**20
MAX_BYTES = 2**30
# A file may have blank lines and line breaks inside quotes, but not lines without end.
LINES_PER_ROW = 4
SPARE_LINES = 1024
MAX_LINE = 2**17
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Whole numbers up to here are exact as floats.
EXACT = 2**53
# Ids that lie so close together (range over count) are looked up in a table, several times as fast as by their hashes.
DENSE = 8

_DIGITS = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Submission:
    """A checked submission, aligned with the rows that it is for."""

    predictions: Predictions
    n_rows: int


def read_submission(path: Path, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]) -> Submission:
    """Read a submission, check it and bring it into the order of `ids`.

    Parameters
    ----------
    path : Path
        A CSV file, plain or gzipped.
    ids : ndarray of shape (n,)
        Ids of the rows that must be there, each once.
    classes : sequence
        Class labels in the competition's order, empty for regression.

    Raises
    ------
    PodiumError
        In one line: the first offending line and the number of others.
    """
    file = _open(path, definition, len(ids))
    predictions = _read_fast(file, definition, ids, classes)
    if predictions is None:
        predictions = _read_rows(file, definition, ids, classes)
    return Submission(predictions, len(ids))


# --- the file ---


@dataclass(frozen=True)
class _File:
    """A submission file in one encoding (UTF-8, LF), its header read.

    Parameters
    ----------
    columns : list of str
        ``id`` and ``prediction`` in the file's order.
    """

    name: str
    body: bytes
    separator: str
    columns: list[str]

    @property
    def decimal(self) -> str:
        """Where ``;`` separates fields, a comma may separate decimals."""
        return "," if self.separator == ";" else "."


def _open(path: Path, definition: Competition, n_ids: int) -> _File:
    content = _recode(_read_bytes(path, min(n_ids * BYTES_PER_ROW + SPARE_BYTES, MAX_BYTES)))
    n_lines = content.count(b"\n")
    if n_lines > LINES_PER_ROW * n_ids + SPARE_LINES:
        raise PodiumError(f"{path.name} has {n_lines:,} lines, many more rows than the {n_ids:,} ids")
    first = content.split(b"\n", 1)[0]
    header = first.decode()
    separator = ";" if header.count(";") > header.count(",") else ","
    names = {definition.submission.id: "id", definition.submission.prediction: "prediction"}
    _, found = next(_records([header], separator, path.name, 1))
    if sorted(found) != sorted(names):
        raise PodiumError(f"{path.name}: line 1: the header is {header[:80]!r}", f"allowed: {','.join(names)}")
    return _File(path.name, content[len(first) + 1 :], separator, [names[name] for name in found])


def _read_bytes(path: Path, limit: int) -> bytes:
    """Read the file, unpacked, and no more of it than is allowed."""
    if not path.exists():
        raise PodiumError(f"{path} does not exist")
    if not path.is_file():
        raise PodiumError(f"{path} is no file")
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        try:
            content = gzip.GzipFile(fileobj=file).read(limit + 1) if packed else file.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise PodiumError(f"{path.name} is no sound gzip file: {error}") from None
    if len(content) > limit:
        raise PodiumError(f"{path.name} is larger than {limit // 2**20:,} MiB{' unpacked' if packed else ''}")
    if not content or content.isspace():
        raise PodiumError(f"{path.name} is empty")
    if b"\0" in content[:65536]:
        raise PodiumError(f"{path.name} is a binary file, not a CSV")
    return content


def _recode(content: bytes) -> bytes:
    """UTF-8 without a byte order mark, and LF."""
    content = content.removeprefix(BYTE_ORDER_MARK)
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            content = content.decode("latin-1").encode()
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content


def _records(lines: Iterable[str], separator: str, name: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """First line and stripped fields of each record; the first of all is line `start`."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    line = start
    try:
        for fields in reader:
            yield line, [field.strip() for field in fields]
            line = start + reader.line_num
    except csv.Error as error:
        raise PodiumError(f"{name}: line {line}: {error}") from None


# --- well-formed files, by column ---


def _read_fast(file: _File, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]) -> Predictions | None:
    """Read a well-formed file; None for any other, right or wrong."""
    whole_ids = ids.dtype.kind == "i"
    by_number = not classes or definition.submission.kind == "probability" or _whole(classes)
    if file.body.count(b"\n") < len(ids) - 1:
        return None
    # Arrow reads 0x1F as a whole number.
    if whole_ids and (b"0x" in file.body or b"0X" in file.body):
        return None
    types = {
        "id": pa.int64() if whole_ids else pa.string(),
        "prediction": pa.float64() if by_number else pa.dictionary(pa.int32(), pa.string()),
    }
    decimal = file.decimal if b"," in file.body else "."
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(file.body),
            read_options=pa.csv.ReadOptions(column_names=file.columns, block_size=min(len(file.body) + 1, MAX_BYTES)),
            parse_options=pa.csv.ParseOptions(delimiter=file.separator),
            convert_options=pa.csv.ConvertOptions(column_types=types, decimal_point=decimal),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != len(ids) or any(column.null_count for column in table.columns):
        return None
    given = table["prediction"].combine_chunks()
    if by_number:
        predictions = _from_numbers(given.to_numpy(), definition, classes)
    else:
        # Each spelling is looked up once.
        codes = np.array(_codes(given.dictionary.to_pylist(), classes, file.decimal), dtype=np.int32)
        predictions = None if (codes < 0).any() else Predictions(codes[given.indices.to_numpy()])
    order = None if predictions is None else _order(table["id"].combine_chunks(), ids)
    return None if predictions is None or order is None else predictions.take(order)


def _whole(classes: Sequence[Any]) -> bool:
    """Whether all labels are whole numbers that are exact as floats."""
    return bool(classes) and all(type(label) is int and abs(label) < EXACT for label in classes)


def _from_numbers(number: NDArray[np.float64], definition: Competition, classes: Sequence[Any]) -> Predictions | None:
    """Predictions from finite numbers, None where one is out of place."""
    if definition.submission.kind == "probability":
        sound = (number >= 0) & (number <= 1)
        values, scores = (number >= 0.5).astype(np.int32), np.stack([1 - number, number], axis=1)
        return Predictions(values, scores, "probability") if sound.all() else None
    if not classes:
        return Predictions(number) if np.isfinite(number).all() else None
    codes = pd.Index(classes, dtype="float64").get_indexer(pd.Index(number)).astype(np.int32)
    return Predictions(codes) if (codes >= 0).all() else None


def _order(given: Any, ids: NDArray[Any]) -> NDArray[np.intp] | None:
    """Row of `given` (as many as there are ids) that has each id; None unless each id is there once."""
    whole = ids.dtype.kind == "i"
    wanted = pa.array(ids.astype(np.int64 if whole else str))
    if wanted.equals(given):
        return np.arange(len(ids))
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


# --- all other files, by row ---


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


def _read_rows(file: _File, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]) -> Predictions:
    """Read a file in any dialect; an error says what is wrong."""
    columns = _columns(file, len(ids))
    predictions = _parse(columns["prediction"], definition, classes, file.decimal)
    return predictions.take(np.argsort(_align(columns["id"], ids, file.decimal)))


def _columns(file: _File, n_ids: int) -> dict[str, _Column]:
    """Columns ``id`` and ``prediction``; of a file with too many rows as many as show what is wrong."""
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, fields in _records(_lines(file.body), file.separator, file.name, 2):
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


def _lines(body: bytes) -> Iterator[str]:
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="\n")
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise csv.Error(f"the line is longer than {MAX_LINE:,} characters")
        yield line


def _parse(given: _Column, definition: Competition, classes: Sequence[Any], decimal: str) -> Predictions:
    if classes and definition.submission.kind == "value":
        codes = _codes(given.texts, classes, decimal)
        if min(codes) < 0:
            shown = ", ".join(map(str, classes[:10])) + (", ..." if len(classes) > 10 else "")
            raise given.error([code < 0 for code in codes], "{} is no label", f"allowed: {shown}")
        return Predictions(np.array(codes, dtype=np.int32))
    numbers = [_number(text, decimal) for text in given.texts]
    if not all(map(math.isfinite, numbers)):
        raise given.error([not math.isfinite(number) for number in numbers], "{} is no finite number")
    predictions = _from_numbers(np.array(numbers), definition, classes)
    if predictions is None:
        raise given.error([not 0 <= number <= 1 for number in numbers], "{} is no probability", "allowed: 0 to 1")
    return predictions


def _align(given: _Column, ids: NDArray[Any], decimal: str) -> list[int]:
    """Position in `ids` of each given id; each is there once."""
    whole = ids.dtype.kind in "iu"
    wanted = {key: position for position, key in enumerate((ids if whole else ids.astype(str)).tolist())}
    positions = [wanted.get(_integer(text, decimal) if whole else text, -1) for text in given.texts]
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


def _codes(texts: Iterable[str], classes: Sequence[Any], decimal: str) -> list[int]:
    """Code of each label, -1 for what is no label."""
    codes = {str(label): code for code, label in enumerate(classes)}
    if _whole(classes):
        return [codes.get(str(_integer(text, decimal)), -1) for text in texts]
    return [codes.get(text, -1) for text in texts]


def _integer(text: str, decimal: str) -> int | None:
    """Return the whole number that a text stands for, as "7", "07" and "7.0" do; None for anything else."""
    if _DIGITS.fullmatch(text):
        return int(text)
    number = _number(text, decimal)
    return int(number) if number.is_integer() and abs(number) < EXACT else None


def _number(text: str, decimal: str) -> float:
    """Return the value of a number in plain notation, NaN for anything else."""
    text = text.replace(decimal, ".")
    return float(text) if _NUMBER.fullmatch(text) else math.nan


# --- writing ---


def submission_table(
    definition: Competition, ids: NDArray[Any], predictions: Predictions, classes: Sequence[Any]
) -> pd.DataFrame:
    """Return predictions in the submission's form.

    Raises
    ------
    PodiumError
        If the competition asks for probabilities and the solution gives none.
    """
    submission = definition.submission
    if submission.kind == "probability":
        if predictions.score_kind != "probability" or predictions.scores is None:
            raise PodiumError(f"'{definition.slug}' asks for probabilities, and this solution has no predict_proba")
        values: Any = predictions.scores[:, 1]
    elif classes:
        values = np.asarray(classes, dtype=object)[predictions.values]
    else:
        values = predictions.values
    return pd.DataFrame({submission.id: ids, submission.prediction: values})


def write_submission(table: pd.DataFrame, path: Path) -> None:
    """Write a submission whole or not at all; gzipped where the name ends in ``.gz``."""
    with replacing(path) as temporary:
        content = table.to_csv(index=False, lineterminator="\n").encode()
        # No time stamp: the same predictions give the same bytes.
        temporary.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
