"""A trial's key: a hash of all that decides what the trial comes to, and of nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from competition.evaluation.key import TrialKey, arrays_fingerprint, table_fingerprint

TRIAL = TrialKey(
    program_kind="source",
    program="1" * 64,
    file="solutions/small/forest.py",
    fitted_on="2" * 64,
    predicted="3" * 64,
    rows="4" * 64,
    classes=[0, 1],
    alone=False,
    seed=7,
    threads=1,
    seconds=600.0,
    memory_bytes=4_000_000_000,
    python="3.11.7",
    platform="Linux x86_64",
    numerics="openblas",
    packages={"numpy": "2.1.0", "scikit-learn": "1.7.0"},
    isolation="kernel",
    environment={"TZ": "UTC", "LANG": "C.UTF-8"},
    sources="5" * 64,
)
OTHERWISE = {
    "program_kind": "pickle",
    "program": "a" * 64,
    "file": "solutions/small/tree.py",
    "fitted_on": "3" * 64,
    "predicted": "2" * 64,
    "rows": "b" * 64,
    "classes": ["0", "1"],
    "alone": True,
    "seed": 8,
    "threads": 2,
    "seconds": 601.0,
    "memory_bytes": 4_000_000_001,
    "python": "3.12.7",
    "platform": "Linux aarch64",
    "numerics": "accelerate",
    "packages": {"numpy": "2.1.1", "scikit-learn": "1.7.0"},
    "isolation": "none",
    "environment": {"TZ": "UTC"},
    "sources": "c" * 64,
}


def test_every_field_of_the_key_decides_it():
    assert set(OTHERWISE) == set(TRIAL.__dataclass_fields__)
    digests = {replace(TRIAL, **{name: value}).digest() for name, value in OTHERWISE.items()}
    assert len(digests | {TRIAL.digest()}) == len(OTHERWISE) + 1


def test_the_key_is_of_the_content_alone():
    shuffled = replace(
        TRIAL,
        packages=dict(reversed(TRIAL.packages.items())),
        environment=dict(reversed(TRIAL.environment.items())),
        classes=(0, 1),
    )
    assert shuffled.digest() == TRIAL.digest()
    assert len(TRIAL.digest()) == 64


def test_classes_of_another_type_are_other_classes():
    digests = {replace(TRIAL, classes=classes).digest() for classes in ([0, 1], ["0", "1"], [False, True], None, [])}
    assert len(digests) == 5


TABLE = pd.DataFrame(
    {
        "x": [1.0, 2.0, np.nan],
        "n": [1, 2, 3],
        "word": pd.array(["a", None, "b"], dtype="str"),
        "at": pd.date_range("2024-01-01", periods=3),
    }
)
OTHER_TABLES = {
    "a value": TABLE.assign(x=[1.0, 2.5, np.nan]),
    "a missing value": TABLE.assign(x=[1.0, np.nan, np.nan]),
    "a type": TABLE.assign(n=[1.0, 2.0, 3.0]),
    "a name": TABLE.rename(columns={"x": "y"}),
    "the order of rows": TABLE.iloc[[1, 0, 2]],
    "the order of columns": TABLE[["n", "x", "word", "at"]],
    "a word": TABLE.assign(word=pd.array(["a", None, "c"], dtype="str")),
    "which word is missing": TABLE.assign(word=pd.array(["a", "b", None], dtype="str")),
    "a time": TABLE.assign(at=pd.date_range("2024-01-02", periods=3)),
    "a row less": TABLE.iloc[:2],
}


@pytest.mark.parametrize("change", OTHER_TABLES)
def test_a_tables_fingerprint_is_of_all_that_a_trial_sees(change):
    assert table_fingerprint(OTHER_TABLES[change]) != table_fingerprint(TABLE)
    assert table_fingerprint(TABLE.copy()) == table_fingerprint(TABLE)
    assert table_fingerprint(TABLE.set_axis([7, 8, 9], axis=0)) == table_fingerprint(TABLE)


@given(arrays(np.int64, st.integers(0, 6)), arrays(np.int64, st.integers(0, 6)))
def test_a_fingerprint_of_arrays_tells_where_one_ends(one, other):
    joined, split = np.concatenate([one, other]), len(one)
    at = [arrays_fingerprint(train=joined[:cut], y=joined[cut:]) for cut in range(len(joined) + 1)]
    assert len(set(at)) == len(at)
    assert at[split] == arrays_fingerprint(y=other.copy(), train=one)


def test_a_fingerprint_of_arrays_tells_dtype_shape_and_layout_apart():
    square = np.arange(4).reshape(2, 2)
    variants = [square, square.T, square.ravel(), square.astype(np.int32), square.view(np.uint64)]
    assert len({arrays_fingerprint(a=variant) for variant in variants}) == len(variants)
    assert arrays_fingerprint(a=square.T) == arrays_fingerprint(a=np.ascontiguousarray(square.T))
