"""Kaggle's "Anomaly detection in cellular networks": its two CSV files, read as they are.

The labelled file becomes the competition's table, Kaggle's own test file its unlabelled rows. The files may not be
redistributed, so they are not in the repository: `download` fetches them with Kaggle's client where that is set up.
"""

import csv
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

KAGGLE_COMPETITION = "anomaly-detection-in-cellular-networks"

TRAIN_FILE = "ML-MATT-CompetitionQT1920_train.csv"
TEST_FILE = "ML-MATT-CompetitionQT1920_test.csv"
RAW_FILES = (TRAIN_FILE, TEST_FILE)  # prepared data is stale when one of them changes

TEXTS = ("Time", "CellName")
MAXIMA_OF_USERS = ("maxUE_DL", "maxUE_UL", "maxUE_UL+DL")
COUNTERS = (
    "PRBUsageUL",
    "PRBUsageDL",
    "meanThr_DL",
    "meanThr_UL",
    "maxThr_DL",
    "maxThr_UL",
    "meanUE_DL",
    "meanUE_UL",
    *MAXIMA_OF_USERS,
)
TARGET = "Unusual"

DOWNLOAD_SECONDS = 600

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Excel's error value in Spanish; the inverted exclamation mark may have been lost on the way
_EXCEL_ERROR = re.compile(r"#.{0,2}VALOR!")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_CELL_NAME = re.compile(r"\d+[A-Z]LTE")


def load(raw: Path, seed: int) -> pd.DataFrame:
    """Read the labelled rows.

    Parameters
    ----------
    raw : Path
        Folder that holds Kaggle's files.
    seed : int
        Not used: nothing is drawn.

    Returns
    -------
    pandas.DataFrame
        `Id` (row number from 1), `Time` and `CellName` (text), eleven counters (float64: PRB usage in %, throughput in
        Mbit/s, users as counts; a missing maximum is NaN), `Unusual` (0 or 1).

    Raises
    ------
    FileNotFoundError
        The file is not there; the message says how to get it.
    ValueError
        The file is not what Kaggle hands out; the message names file, line and column.
    """
    return _read(raw / TRAIN_FILE, (*TEXTS, *COUNTERS, TARGET))


def load_unlabelled(raw: Path) -> pd.DataFrame:
    """Read Kaggle's test rows: the columns of `load` without `Unusual`; `Id` is the one of Kaggle's submissions.

    Parameters
    ----------
    raw : Path
        Folder that holds Kaggle's files.

    Returns
    -------
    pandas.DataFrame
        The columns of `load` but `Unusual`.

    Raises
    ------
    FileNotFoundError, ValueError
        As for `load`.
    """
    return _read(raw / TEST_FILE, (*TEXTS, *COUNTERS))


def download(raw: Path) -> bool:
    """Fetch both files with Kaggle's own client, where that is installed and has credentials.

    Parameters
    ----------
    raw : Path
        Folder that the files go to; made if need be. It is touched only once both files are complete.

    Returns
    -------
    bool
        False where the client or the credentials are absent: nothing was tried.

    Raises
    ------
    RuntimeError
        The client failed, or what it brought does not hold the files; one line.
    """
    client = shutil.which("kaggle")
    if client is None or not _has_credentials():
        return False
    raw.mkdir(parents=True, exist_ok=True)
    # Beside their destination, so that the last step is a rename within one file system
    with tempfile.TemporaryDirectory(prefix=".download-", dir=raw) as folder:
        _fetch(client, Path(folder))
        _unzip(Path(folder))
        for name in (TRAIN_FILE, TEST_FILE):
            os.replace(Path(folder) / name, raw / name)
    return True


def _has_credentials() -> bool:
    environment = os.environ
    return (
        bool(environment.get("KAGGLE_API_TOKEN"))
        or bool(environment.get("KAGGLE_USERNAME") and environment.get("KAGGLE_KEY"))
        or (Path.home() / ".kaggle" / "kaggle.json").is_file()
    )


def _fetch(client: str, folder: Path) -> None:
    command = [client, "competitions", "download", "-c", KAGGLE_COMPETITION, "-p", str(folder)]
    try:
        outcome = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"kaggle: the download took longer than {DOWNLOAD_SECONDS} s") from None
    except OSError as error:
        raise RuntimeError(f"kaggle: the client does not start: {error.strerror}") from None
    if outcome.returncode != 0:
        said = (outcome.stderr.strip() or outcome.stdout.strip() or "no message").splitlines()[-1]
        raise RuntimeError(
            f"kaggle: the download failed ({said}); are the rules accepted at "
            f"https://www.kaggle.com/c/{KAGGLE_COMPETITION}/rules ?"
        )


def _unzip(folder: Path) -> None:
    """Write Kaggle's two files out of the archives in `folder`, wherever in an archive they lie."""
    for archive in sorted(folder.glob("*.zip")):
        try:
            with zipfile.ZipFile(archive) as opened:
                for member in opened.namelist():
                    # Only the two known names are written, so no member can leave the folder
                    name = member.rsplit("/", 1)[-1]
                    if name in (TRAIN_FILE, TEST_FILE):
                        with opened.open(member) as source, (folder / name).open("wb") as target:
                            shutil.copyfileobj(source, target)
        except zipfile.BadZipFile:
            raise RuntimeError(f"kaggle: {archive.name} is not a zip archive") from None
    absent = [name for name in (TRAIN_FILE, TEST_FILE) if not (folder / name).is_file()]
    if absent:
        raise RuntimeError(f"kaggle: the download does not hold {' and '.join(absent)}")


@dataclass(frozen=True)
class _Rows:
    """The fields of a file as text, one tuple a column, and the line on which each row begins."""

    file: str
    columns: dict[str, tuple[str, ...]]
    lines: tuple[int, ...]
    decimal_comma: bool

    def refuse(self, column: str, row: int, wanted: str) -> ValueError:
        found = self.columns[column][row]
        shown = repr(found if len(found) <= 40 else found[:40] + "…") if found else "nothing"
        return ValueError(f"{self.file}: line {self.lines[row]}: column {column!r}: {shown} where {wanted} belongs")


def _read(path: Path, names: Sequence[str]) -> pd.DataFrame:
    rows = _split(path.name, _text(path), names)
    times = pd.Series(_matching(rows, "Time", _TIME_OF_DAY, "a time of day like 3:45"), dtype="str")
    table: dict[str, object] = {
        "Id": np.arange(1, len(rows.lines) + 1, dtype="int64"),
        # Kaggle writes no leading zero; spreadsheets add it on the way
        "Time": times.str.replace(r"^0(?=\d:)", "", regex=True),
        "CellName": pd.Series(_matching(rows, "CellName", _CELL_NAME, "a cell like 3ALTE"), dtype="str"),
    }
    for name in COUNTERS:
        table[name] = _numbers(rows, name, may_be_missing=name in MAXIMA_OF_USERS)
    if TARGET in names:
        table[TARGET] = _matching(rows, TARGET, re.compile("[01]"), "0 or 1").astype("int64")
    return pd.DataFrame(table)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(_how_to_get(path)) from None
    if not content.strip():
        raise ValueError(f"{path.name}: the file is empty")
    if b"\0" in content:
        raise ValueError(f"{path.name}: not a text file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _how_to_get(path: Path) -> str:
    return (
        f"{path.name} is not in {path.parent}.\n"
        f"Download it from https://www.kaggle.com/c/{KAGGLE_COMPETITION}/data and unzip it there,\n"
        "or into a folder DIR of your own; then: podium prepare lte-anomaly --raw DIR"
    )


def _split(file: str, text: str, names: Sequence[str]) -> _Rows:
    """Cut the text into columns; the header line tells the separator."""
    separator = ";" if ";" in text.lstrip().split("\n", 1)[0] else ","
    reader = csv.reader(text.splitlines(), delimiter=separator)
    try:
        records = [(reader.line_num, record) for record in reader if any(field.strip() for field in record)]
    except csv.Error as error:
        raise ValueError(f"{file}: line {reader.line_num}: not a CSV line: {error}") from None
    if not records:
        raise ValueError(f"{file}: the file is empty")
    (header_line, header), *body = records
    header = [field.strip() for field in header]
    _check_header(file, header_line, header, names)
    if not body:
        raise ValueError(f"{file}: the file is empty below its header")
    for line, record in body:
        if len(record) != len(header):
            last = header[min(len(record), len(header)) - 1]
            raise ValueError(
                f"{file}: line {line}: {len(record)} fields instead of {len(header)}: wrong after column {last!r}"
            )
    lines, fields = zip(*body, strict=True)
    stripped = (tuple(field.strip() for field in column) for column in zip(*fields, strict=True))
    return _Rows(file, dict(zip(header, stripped, strict=True)), lines, decimal_comma=separator == ";")


def _check_header(file: str, line: int, header: Sequence[str], names: Sequence[str]) -> None:
    """Any order is read, but the names must be Kaggle's."""
    missing = [name for name in names if name not in header]
    extra = [name for name in header if name not in names]
    twice = sorted({name for name in header if header.count(name) > 1})
    for problem, columns in (("missing", missing), ("unknown", extra), ("repeated", twice)):
        if columns:
            shown = ", ".join(repr(column[:40]) for column in columns[:3])
            rest = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
            also = f"; unknown: {', '.join(repr(name[:40]) for name in extra[:3])}" if missing and extra else ""
            raise ValueError(f"{file}: line {line}: {problem} column {shown}{rest}{also}")


def _matching(rows: _Rows, name: str, pattern: re.Pattern[str], wanted: str) -> np.ndarray:
    for row, field in enumerate(rows.columns[name]):
        if not pattern.fullmatch(field):
            raise rows.refuse(name, row, wanted)
    return np.array(rows.columns[name], dtype=object)


def _numbers(rows: _Rows, name: str, may_be_missing: bool) -> np.ndarray:
    values = np.full(len(rows.lines), np.nan)
    for row, field in enumerate(rows.columns[name]):
        number = field.replace(",", ".") if rows.decimal_comma else field
        if _NUMBER.fullmatch(number):
            values[row] = float(number)
        elif not (may_be_missing and (not field or _EXCEL_ERROR.fullmatch(field))):
            raise rows.refuse(name, row, "a number")
        if np.isinf(values[row]):
            raise rows.refuse(name, row, "a finite number")
    return values
