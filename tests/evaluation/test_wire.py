"""Arrays and tables survive the wire; bytes that are no message give `WireError` and nothing else."""

import json
import mmap
import os
import struct
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from competition.evaluation.wire import (
    ALIGNMENT,
    MAGIC,
    WireError,
    decode,
    encode,
    mapped,
    table_message,
    take_rows,
    to_memory,
)


def joined(chunks):
    return b"".join(bytes(chunk) for chunk in chunks)


def forged(header, body=b"\0" * 64):
    """A message with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return MAGIC + struct.pack("<Q", len(text)) + text + body


NUMBERS = st.one_of(
    npst.boolean_dtypes(), npst.integer_dtypes(), npst.unsigned_integer_dtypes(), npst.floating_dtypes()
)
ARRAYS = npst.arrays(NUMBERS, npst.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4), st.dictionaries(st.text(max_size=5), st.text(max_size=5))
)
def test_arrays_survive(arrays, meta):
    again, meta_again = decode(memoryview(joined(encode(arrays, meta))))
    assert meta_again == meta
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        np.testing.assert_array_equal(again[name], array)


def test_arrays_are_aligned_and_not_copied():
    message = joined(encode({"a": np.arange(3, dtype=np.int8), "b": np.arange(5.0)}, {}))
    assert len(message) % ALIGNMENT == 0
    arrays, _ = decode(memoryview(message))
    assert not any(array.flags.owndata for array in arrays.values())


# --- tables ---

ROWS = 7


def column(elements):
    return st.lists(elements, min_size=ROWS, max_size=ROWS)


COLUMNS = st.one_of(
    column(st.integers(-(2**63), 2**63 - 1)).map(lambda v: pd.Series(v, dtype="int64")),
    column(st.integers(0, 255)).map(lambda v: pd.Series(v, dtype="uint8")),
    column(st.floats()).map(lambda v: pd.Series(v, dtype="float64")),
    column(st.floats(width=32)).map(lambda v: pd.Series(v, dtype="float32")),
    column(st.booleans()).map(lambda v: pd.Series(v, dtype="bool")),
    column(st.none() | st.text(st.characters(codec="utf-8"), max_size=5)).map(lambda v: pd.Series(v, dtype="str")),
    column(st.none() | st.sampled_from(["b", "a", "c"])).map(
        lambda v: pd.Series(pd.Categorical(v, categories=["c", "a", "b"], ordered=True))
    ),
    column(st.none() | st.integers(0, 3)).map(lambda v: pd.Series(pd.Categorical(v, categories=[3, 2, 1, 0]))),
    column(st.none() | st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01"))).flatmap(
        lambda v: st.sampled_from(["s", "ms", "us", "ns"]).map(
            lambda unit: pd.Series(pd.to_datetime(pd.Series(v, dtype="object"))).astype(f"datetime64[{unit}]")
        )
    ),
)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), COLUMNS, min_size=1, max_size=4),
    npst.arrays(np.int64, st.integers(0, 10), elements=st.integers(0, ROWS - 1)),
)
def test_tables_survive(columns, rows):
    table = pd.DataFrame(columns)
    again = take_rows(*decode(memoryview(joined(table_message(table)))), rows)
    pd.testing.assert_frame_equal(again, table.iloc[rows].reset_index(drop=True))
    assert isinstance(again.index, pd.RangeIndex)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(pd.array([1, None, 3], dtype="Int64"), [1.0, np.nan, 3.0], id="nullable integers"),
        pytest.param(pd.array([True, None, False], dtype="boolean"), [1.0, np.nan, 0.0], id="nullable booleans"),
        pytest.param(pd.array([None, None, None], dtype="str"), [None] * 3, id="no text at all"),
        pytest.param(np.array([None, None, None], dtype=object), [None] * 3, id="nothing at all"),
        pytest.param(np.array(["b", None, "a"], dtype=object), ["b", None, "a"], id="text as objects"),
    ],
)
def test_columns_of_other_types(values, expected):
    again = take_rows(*decode(memoryview(joined(table_message(pd.DataFrame({"c": values}))))), np.arange(3))
    pd.testing.assert_series_equal(again["c"], pd.Series(expected, name="c", dtype=again["c"].dtype), check_exact=True)


def test_times_with_a_zone_keep_the_wall_clock():
    times = pd.Series(pd.date_range("2024-03-31 01:30", periods=3, freq="h", tz="Europe/Madrid"), name="t")
    again = take_rows(*decode(memoryview(joined(table_message(times.to_frame())))), np.arange(3))
    assert again["t"].dt.hour.tolist() == [1, 3, 4]


def test_a_taken_table_is_writable_and_its_own():
    message = joined(table_message(pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})))
    table = take_rows(*decode(memoryview(message)), np.array([1, 0]))
    table.loc[0, "a"] = 9.0
    table["b"] = table["b"].str.upper()
    table.to_numpy()[:] = 0
    fresh = take_rows(*decode(memoryview(message)), np.array([1, 0]))
    assert fresh.to_dict("list") == {"a": [2.0, 1.0], "b": ["y", "x"]}


# --- what is no message ---


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda body: MAGIC + body))
def test_other_bytes_are_no_message(content):
    with pytest.raises(WireError):
        decode(memoryview(content))


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_forged_header_is_no_message(header):
    content = forged(header)
    try:
        arrays, meta = decode(memoryview(content))
    except WireError:
        return
    assert arrays == {}
    assert isinstance(meta, dict)


@given(
    dtype=st.sampled_from(["<f8", "|b1", "O", "V8", "<U4", "<M8[s]", "f4,f4", "3<f4", "(2 3)f4", "(", "", "x", "<f16"])
    | JSON,
    shape=st.lists(st.integers(-2, 9) | st.integers(2**31, 2**70), max_size=4) | JSON,
    offset=st.integers(-70, 70) | st.integers(2**31, 2**70) | JSON,
)
@example("<f8", [2**39, 2**39], 0)
@example("<f8", [0, 2**39, 2**39], 0)
@example("<f8", [1] * 100, 0)
@example("(2 3)f4", [1], 0)
def test_a_forged_array_is_no_message_or_lies_within_the_bytes(dtype, shape, offset):
    content = forged({"arrays": {"a": {"dtype": dtype, "shape": shape, "offset": offset}}, "meta": {}})
    try:
        arrays, _ = decode(memoryview(content))
    except WireError:
        return
    assert arrays["a"].dtype.kind in "biuf"
    assert arrays["a"].nbytes <= 64


@given(ARRAYS, st.data())
def test_a_truncated_message_is_no_message(array, data):
    message = joined(encode({"a": array}, {"x": 1}))
    padding = -array.nbytes % ALIGNMENT
    cut = data.draw(st.integers(0, len(message) - padding - 1))
    try:
        again, _ = decode(memoryview(message[:cut]))
    except WireError:
        return
    assert array.nbytes == 0
    assert again["a"].shape == array.shape


def test_a_deep_header_is_no_message():
    with pytest.raises(WireError):
        decode(memoryview(forged(b"[" * 100_000)))


def test_a_long_header_is_no_message():
    message = memoryview(joined(encode({}, {"text": "x" * 1000})))
    decode(message)
    with pytest.raises(WireError):
        decode(message, max_header=500)


# --- memory that is handed over ---


@pytest.mark.skipif(sys.platform != "linux", reason="seals are Linux's")
def test_memory_is_sealed():
    descriptor = to_memory([b"abc", memoryview(b"def")])
    try:
        assert os.pread(descriptor, 10, 0) == b"abcdef"
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)


def test_what_goes_wrong_with_mapped_memory_is_told_as_it_is():
    descriptor = to_memory(encode({"x": np.arange(3)}, {}))

    def run_out_of_memory():
        with mapped(descriptor) as memory:
            arrays, _ = decode(memory)
            raise MemoryError(len(arrays))

    with pytest.raises(MemoryError):
        run_out_of_memory()
    os.close(descriptor)
