"""How arrays and tables cross the boundary between the harness and a trial: declared dtypes and shapes, no pickle.

A message is a magic number, the length of a JSON header, the header, and the arrays' bytes, each aligned to 64 bytes.
Both sides import this module. It needs numpy, and for tables pandas, which is imported where it is used: a run with
nothing to do goes without.
"""

import contextlib
import json
import mmap
import os
import re
import struct
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"PODIUM01"
ALIGNMENT = 64
_PREFIX = struct.Struct("<8sQ")
_NUMBER = re.compile(r"[<>|][biuf]\d{1,2}")  # booleans, integers, floats

Array = NDArray[Any]


class WireError(Exception):
    """Bytes that are no message."""


def encode(arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> list[bytes | memoryview]:
    """Encode arrays and JSON-able metadata as chunks to be written one after the other."""
    chunks: list[bytes | memoryview] = []
    listing: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array)
        listing[name] = {"dtype": data.dtype.str, "shape": data.shape, "offset": offset}
        padding = -data.nbytes % ALIGNMENT
        chunks += [data.reshape(-1).view(np.uint8).data, b"\0" * padding]
        offset += data.nbytes + padding
    header = json.dumps({"arrays": listing, "meta": meta}).encode()
    header += b" " * (-(len(header) + _PREFIX.size) % ALIGNMENT)
    return [_PREFIX.pack(MAGIC, len(header)), header, *chunks]


def decode(buffer: memoryview, max_header: int | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Decode a message without copying the arrays.

    Raises
    ------
    WireError
        If the bytes are no message: a wrong magic number, a header that is too long or no JSON, an array that is not
        of plain numbers or does not lie within the bytes.
    """
    if len(buffer) < _PREFIX.size:
        raise WireError(f"{len(buffer)} bytes")
    magic, length = _PREFIX.unpack(buffer[: _PREFIX.size])
    start = _PREFIX.size + length
    if magic != MAGIC or start > len(buffer) or (max_header is not None and length > max_header):
        raise WireError("no message, or a truncated one")
    try:
        header = json.loads(bytes(buffer[_PREFIX.size : start]))
        arrays = {str(name): _view(buffer[start:], **entry) for name, entry in header["arrays"].items()}
        meta = header["meta"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WireError(f"a broken header: {type(error).__name__}") from None
    if not isinstance(meta, dict):
        raise WireError("metadata is no object")
    return arrays, meta


def _view(body: memoryview, dtype: str, shape: list[int], offset: int) -> Array:
    if not _NUMBER.fullmatch(dtype):
        raise ValueError(f"dtype {dtype}")
    if not all(isinstance(size, int) and 0 <= size < 2**40 for size in (*shape, offset)):
        raise ValueError("shape")
    count = 1
    for size in shape:
        count *= size
    end = offset + count * np.dtype(dtype).itemsize
    if end > len(body):
        raise ValueError("the array ends behind the message")
    return np.frombuffer(body[offset:end], dtype=dtype, count=count).reshape(shape)


# --- tables ---


def table_message(table: "pd.DataFrame") -> list[bytes | memoryview]:
    """Encode a data frame of numbers, booleans, dates, text and categories."""
    arrays: dict[str, Array] = {}
    columns = []
    for position, name in enumerate(table.columns):
        arrays[str(position)], kind = _encode_column(table[name])
        columns.append({"name": str(name), **kind})
    return encode(arrays, {"columns": columns, "rows": len(table)})


def _encode_column(column: "pd.Series") -> tuple[Array, dict[str, Any]]:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        vocabulary = column.cat.categories.tolist()
        return column.cat.codes.to_numpy(np.int32), {"category": vocabulary, "ordered": bool(column.cat.ordered)}
    if column.dtype.kind == "M":
        naive = column.dt.tz_localize(None)
        unit = np.datetime_data(naive.dtype)[0]
        return naive.to_numpy().view(np.int64), {"unit": unit}
    if column.dtype.kind == "O":
        codes, words = pd.factorize(column, sort=True)
        return codes.astype(np.int32), {"text": [str(word) for word in words]}
    if pd.api.types.is_extension_array_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan), {}
    return column.to_numpy(), {}


def take_rows(arrays: Mapping[str, Array], meta: Mapping[str, Any], rows: Array) -> "pd.DataFrame":
    """Return some rows of an encoded table as a new, writable data frame with a fresh index."""
    import pandas as pd

    columns = meta["columns"]
    taken = {c["name"]: _decode_column(arrays[str(i)][rows], c) for i, c in enumerate(columns)}
    return pd.DataFrame(taken, index=pd.RangeIndex(len(rows)))


def _decode_column(values: Array, column: Mapping[str, Any]) -> Any:
    import pandas as pd

    if "category" in column:
        return pd.Categorical.from_codes(values, column["category"], ordered=column["ordered"])
    if "unit" in column:
        return values.view(f"datetime64[{column['unit']}]")
    if "text" in column:
        # Position -1, the last, stands for a missing text.
        return pd.array([*column["text"], None], dtype="str").take(values)
    return values


# --- memory that is handed over by descriptor ---


@contextlib.contextmanager
def mapped(descriptor: int) -> Iterator[memoryview]:
    """Map memory that was handed over, for reading; what is kept of it must be copied."""
    memory = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    view = memoryview(memory)
    # An exception's frames hold arrays on it; to close it then would fail, and hide what went wrong.
    yield view
    view.release()
    memory.close()


def to_memory(chunks: list[bytes | memoryview], name: str = "podium") -> int:
    """Write chunks into anonymous memory and return its descriptor; on Linux it is sealed, so nobody can change it."""
    if sys.platform == "linux":
        import fcntl

        descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]
    if sys.platform == "linux":
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor
