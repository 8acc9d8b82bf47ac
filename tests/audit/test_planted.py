"""Leaks that are planted in clean tables are found, and clean tables stay clean (`benchmarks/planted.py`)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.planted import KINDS, LEAKS, clean, planted
from competition.audit import audit
from competition.audit.registry import CHECKS

# From this share of rows on each leak must be found, and from that one on it must be severe; None: never.
FOUND = {
    "exact_duplicates": (0.05, 0.1),
    "near_duplicates": (0.05, 0.1),
    "row_order": (0.2, None),
    "ids": (0.2, 0.6),
    "neighbouring_rows": (1.0, 1.0),
    "single_column": (1.0, 1.0),
    "missingness": (0.3, 0.95),
    "decimals": (0.4, 0.8),
    "lattices": (0.5, 0.8),
    "text_format": (0.3, 0.7),
    "regular_groups": (1.0, None),
    "entities": (0.8, 1.0),
    "time_split": (0.3, 0.3),
    "train_and_test": (0.5, None),
    "formula": (1.0, 1.0),
}


def test_every_leak_is_planted_here():
    assert FOUND.keys() == LEAKS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("leak", LEAKS)
@settings(max_examples=2)
@given(seed=st.integers(0, 10_000), more=st.floats(0, 1))
def test_a_leak_is_found(leak, table_of, found_by, seed, more):
    least, _ = FOUND[leak]
    drawn = planted(leak, least + more * (1 - least), seed)
    found = found_by(leak, table_of(drawn.train, drawn.test, **drawn.roles))
    assert found
    assert all(one.mend and one.where for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("leak", [leak for leak, (_, severe) in FOUND.items() if severe is not None])
@settings(max_examples=1)
@given(seed=st.integers(0, 10_000))
def test_a_strong_leak_is_severe(leak, table_of, found_by, seed):
    drawn = planted(leak, FOUND[leak][1], seed)
    found = found_by(leak, table_of(drawn.train, drawn.test, **drawn.roles))
    assert "severe" in {one.severity for one in found}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(seed=st.integers(0, 100_000))
def test_a_clean_table_stays_clean(kind, table_of, seed):
    drawn = clean(kind, seed, n=900)
    assert not audit(table_of(drawn.train, drawn.test)).severe


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_in_a_clean_table(kind, table_of):
    drawn = clean(kind, 3, n=600)
    report = audit(table_of(drawn.train, drawn.test))
    assert [one for one in report.findings if one.severity != "note"] == []
    assert len(report.outcomes) == len(CHECKS)
