"""Messages of `wire` in files: behind a magic number and the SHA-256 of the rest, so that damage shows."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from competition.evaluation import wire
from competition.evaluation.key import checksum
from competition.repository import replacing

_PREFIX = struct.Struct("<8s32s")

Array = NDArray[Any]


def write(path: Path, magic: bytes, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    """Write arrays and JSON-able metadata beside the place of a file, and rename.

    Raises
    ------
    PodiumError
        If it cannot be written.
    """
    message = wire.encode(arrays, meta)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_PREFIX.pack(magic, checksum(message)))
        file.writelines(message)


def decode(content: bytes, magic: bytes) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Return arrays, which are read-only, and metadata of a file's content; None if a bit of it is wrong."""
    if len(content) < _PREFIX.size:
        return None
    found, written = _PREFIX.unpack_from(content)
    message = memoryview(content)[_PREFIX.size :]
    if found != magic or written != checksum([message]):
        return None
    try:
        return wire.decode(message)
    except wire.WireError:  # whole, but written by other code than this
        return None
