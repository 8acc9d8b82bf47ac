"""The CSV of predictions, as on Kaggle: read, check, align, write.

Files that differ in form alone (UTF-8 with or without a byte order mark, latin-1, CRLF or LF, quoted or not, ``,`` or
``;`` between fields, gzipped or plain, another order of rows) are the same submission. An error names the first
offending line and counts the others; it never tells a true label.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.repository import replacing
from competition.results import Predictions

MAX_BYTES = 256 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"


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
    table = _read_table(_read_bytes(path), definition, path.name)
    predictions = _parse(table["prediction"], definition, classes, path.name)
    position = _align(table["id"], ids, path.name)
    return Submission(predictions.take(np.argsort(position)), len(table))


# --- reading ---


def _read_bytes(path: Path) -> bytes:
    """Read the file, unpacked, and no more of it than is allowed."""
    if not path.exists():
        raise PodiumError(f"{path} does not exist")
    if not path.is_file():
        raise PodiumError(f"{path} is no file")
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        try:
            content = gzip.GzipFile(fileobj=file).read(MAX_BYTES + 1) if packed else file.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise PodiumError(f"{path.name} is no sound gzip file: {error}") from None
    if len(content) > MAX_BYTES:
        raise PodiumError(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB{' unpacked' if packed else ''}")
    if not content.strip():
        raise PodiumError(f"{path.name} is empty")
    if b"\0" in content[:65536]:
        raise PodiumError(f"{path.name} is a binary file, not a CSV")
    return content


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _read_table(content: bytes, definition: Competition, name: str) -> pd.DataFrame:
    """Parse the CSV into text columns ``id`` and ``prediction``, with line numbers as the index."""
    text = _decode(content).replace("\r\n", "\n").replace("\r", "\n")
    header = text.split("\n", 1)[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    wanted = [definition.submission.id, definition.submission.prediction]
    records = _records(text, separator, name)
    _, found = next(records)
    if sorted(found) != sorted(wanted):
        raise PodiumError(f"{name}: line 1: the header is {header[:80]!r}", f"allowed: {','.join(wanted)}")
    # Blank lines count as lines, and nothing else: a file may end with one or more.
    rows = {line: fields for line, fields in records if any(fields)}
    if not rows:
        raise PodiumError(f"{name} has a header and no rows")
    lines = pd.Index(rows)
    counts = np.array([len(fields) for fields in rows.values()])
    wrong = counts != len(wanted)
    if wrong.any():
        raise _first(wrong, pd.Series("", lines), name, f"a line has two fields, and this one {counts[wrong][0]}")
    table = pd.DataFrame(rows.values(), index=lines, columns=found, dtype="str")
    return table.rename(columns={wanted[0]: "id", wanted[1]: "prediction"})


def _records(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """First line and stripped fields of each record."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    line = 1
    try:
        for fields in reader:
            yield line, [field.strip() for field in fields]
            line = reader.line_num + 1
    except csv.Error as error:
        raise PodiumError(f"{name}: line {line}: {error}") from None


# --- checks ---


def _first(bad: NDArray[np.bool_] | pd.Series, table: pd.Series, name: str, what: str, hint: str = "") -> PodiumError:
    """Tell the first offending line and count the rest."""
    mask = np.asarray(bad)
    row = int(np.argmax(mask))
    line = table.index[row]
    more = int(mask.sum()) - 1
    others = f" (and {more:,} more line{'s' if more > 1 else ''} like it)" if more else ""
    return PodiumError(f"{name}: line {line}: {what.format(_shorten(table.iloc[row]))}{others}", hint)


def _shorten(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:39] + "…")


def _align(given: pd.Series, ids: NDArray[Any], name: str) -> NDArray[np.intp]:
    """Position in `ids` of each given id; each id is there once."""
    wanted = pd.Index(ids.astype(str))
    text = given
    if ids.dtype.kind in "iu":
        # "7", "07" and "7.0" are the same number.
        number = pd.to_numeric(given, errors="coerce")
        whole = number.notna() & (number % 1 == 0) & (number.abs() < 2**53)
        text = given.where(~whole, number.where(whole, 0).astype(np.int64).astype(str))
    position = np.asarray(wanted.get_indexer(pd.Index(text)))
    if (position < 0).any():
        raise _first(position < 0, given, name, "{} is no id of these rows", f"allowed: such as {wanted[0]}")
    twice = pd.Series(position).duplicated().to_numpy()
    if twice.any():
        raise _first(twice, given, name, "id {} stands twice")
    if len(given) < len(wanted):
        there = np.zeros(len(wanted), dtype=bool)
        there[position] = True
        missing = len(wanted) - len(given)
        raise PodiumError(f"{name}: {missing:,} of {len(wanted):,} ids are missing, first {wanted[~there][0]}")
    return position


def _parse(given: pd.Series, definition: Competition, classes: Sequence[Any], name: str) -> Predictions:
    if definition.submission.kind == "probability":
        positive = _numbers(given, name)
        outside = (positive < 0) | (positive > 1)
        if outside.any():
            raise _first(outside, given, name, "{} is no probability", "allowed: 0 to 1")
        return Predictions(
            (positive >= 0.5).astype(np.int32), np.stack([1 - positive, positive], axis=1), "probability"
        )
    if not classes:
        return Predictions(_numbers(given, name))
    spellings = {str(label): code for code, label in enumerate(classes)}
    text = given
    if all(isinstance(label, int) for label in classes):
        number = pd.to_numeric(given, errors="coerce")
        text = given.where(
            ~(number % 1 == 0), number.fillna(0).replace([np.inf, -np.inf], 0).astype(np.int64).astype(str)
        )
    codes = text.map(spellings)
    if codes.isna().any():
        shown = ", ".join(list(spellings)[:10]) + (", ..." if len(spellings) > 10 else "")
        raise _first(codes.isna(), given, name, "{} is no label", f"allowed: {shown}")
    return Predictions(codes.to_numpy(dtype=np.int32))


def _numbers(given: pd.Series, name: str) -> NDArray[np.float64]:
    number = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(number).all():
        raise _first(~np.isfinite(number), given, name, "{} is no finite number")
    return number


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
