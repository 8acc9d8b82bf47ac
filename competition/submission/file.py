"""The bytes of a submission file, in one encoding and with its header read."""

import csv
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from competition.definition import Competition
from competition.errors import PodiumError

BYTES_PER_ROW = 256
SPARE_BYTES = 2**20
MAX_BYTES = 2**30
# A file may have blank lines and line breaks inside quotes, but not lines without end.
LINES_PER_ROW = 4
SPARE_LINES = 1024
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class SubmissionFile:
    """A submission file in UTF-8 with LF.

    Parameters
    ----------
    content : bytes
        All of it.
    start : int
        Where the rows begin, behind the header.
    n_breaks : int
        Number of line breaks from there on.
    separator : str
        Between fields.
    columns : list of str
        ``id`` and ``prediction`` in the file's order.
    """

    name: str
    content: bytes
    start: int
    n_breaks: int
    separator: str
    columns: list[str]

    @property
    def body(self) -> memoryview:
        """The rows, without a copy."""
        return memoryview(self.content)[self.start :]

    @property
    def decimal(self) -> str:
        """Where ``;`` separates fields, a comma may separate decimals."""
        return "," if self.separator == ";" else "."


def open_file(path: Path, definition: Competition, n_ids: int) -> SubmissionFile:
    """Read a file, no larger than its rows need, and its header.

    Raises
    ------
    PodiumError
        In one line.
    """
    content = _recode(_read_bytes(path, min(n_ids * BYTES_PER_ROW + SPARE_BYTES, MAX_BYTES)))
    n_lines = content.count(b"\n")
    if n_lines > LINES_PER_ROW * n_ids + SPARE_LINES:
        raise PodiumError(f"{path.name} has {n_lines:,} lines, many more rows than the {n_ids:,} ids")
    end = content.find(b"\n") if n_lines else len(content)
    header = content[:end].decode()
    separator = ";" if header.count(";") > header.count(",") else ","
    names = {definition.submission.id: "id", definition.submission.prediction: "prediction"}
    _, found = next(records([header], separator, path.name, 1))
    if sorted(found) != sorted(names):
        raise PodiumError(f"{path.name}: line 1: the header is {header[:80]!r}", f"allowed: {','.join(names)}")
    columns = [names[name] for name in found]
    return SubmissionFile(path.name, content, end + 1, max(0, n_lines - 1), separator, columns)


def _read_bytes(path: Path, limit: int) -> bytes:
    """Read the file, unpacked, and no more of it than is allowed."""
    if not path.exists():
        raise PodiumError(f"{path} does not exist")
    if not path.is_file():
        raise PodiumError(f"{path} is no file")
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        # No more room is asked for than the file takes: emptied pages cost as much as reading.
        most = limit if packed else min(limit, os.fstat(file.fileno()).st_size)
        try:
            content = gzip.GzipFile(fileobj=file).read(most + 1) if packed else file.read(most + 1)
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


def records(lines: Iterable[str], separator: str, name: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """Tell the first line and the stripped fields of each record; the first of all is line `start`."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    line = start
    try:
        for fields in reader:
            yield line, [field.strip() for field in fields]
            line = start + reader.line_num
    except csv.Error as error:
        raise PodiumError(f"{name}: line {line}: {error}") from None
