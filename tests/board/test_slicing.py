"""Rows cut into slices that a reader can name: every row in one of them, none empty."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from competition.board.slicing import FEW, MOST, N_RANGES, cut, slicings
from competition.definition import Competition
from competition.errors import PodiumError


def sizes(slicing):
    return {name: int((slicing.code == at).sum()) for at, name in enumerate(slicing.names)}


def test_a_time_is_cut_by_its_hour():
    column = pd.Series(pd.to_datetime(["2024-03-01 23:59", "2024-03-02 00:00", "2024-03-03 00:30"]), name="when")
    made = cut(column)
    assert made.title == "hour of when"
    assert sizes(made) == {"00:00": 2, "23:00": 1}


@pytest.mark.parametrize(
    ("values", "slices"),
    [
        (["b", "a", None, "b"], {"a": 1, "b": 2, "missing": 1}),
        ([True, False, True, True], {"False": 1, "True": 3}),
        ([3, 3, 1, 2], {"1": 1, "2": 1, "3": 2}),
        (["\x1b[1mbold", "x\ny", "z", "z"], {"[1mbold": 1, "x y": 1, "z": 2}),
    ],
)
def test_few_values_are_slices_each(values, slices):
    assert sizes(cut(pd.Series(values, name="column"))) == slices


@given(st.lists(st.floats(-1e6, 1e6), min_size=FEW + 1, max_size=200, unique=True), st.booleans())
def test_many_numbers_are_cut_into_ranges_that_hold_all(numbers, with_missing):
    column = pd.Series([*numbers, *([np.nan] if with_missing else [])], name="x")
    made = cut(column)
    found = sizes(made)
    assert len(found) <= N_RANGES + with_missing
    assert sum(found.values()) == len(column)
    assert ("missing" in found) == with_missing
    of_ranges = [column[made.code == at] for at in range(len(made.names) - with_missing)]
    filled = [part for part in of_ranges if len(part)]
    assert all(a.max() <= b.min() for a, b in pairwise(filled))


def test_of_many_slices_those_with_the_most_rows_are_kept():
    labels = [f"cell {number:03}" for number in range(MOST + 5) for _ in range(2 if number < MOST else 1)]
    made = cut(pd.Series(labels, name="cell"))
    assert len(made.names) == MOST
    assert made.n_all == MOST + 5
    assert (made.code == -1).sum() == 5
    assert set(sizes(made).values()) == {2}


def test_group_and_time_are_the_default_and_a_competition_may_choose(prepared_small):
    assert [one.title for one in slicings(prepared_small())] == ["cell", "hour of timestamp"]


def test_chosen_columns(prepared_small):
    assert [one.title for one in slicings(prepared_small(board={"slices": ["word", "x"]}))] == ["word", "x"]


def test_none_are_made_where_none_are_wanted(prepared_small):
    assert slicings(prepared_small(board={"slices": []})) == []


def test_a_column_that_is_not_there_gives_one_line(prepared_small):
    with pytest.raises(PodiumError, match=r"board\.slices: 'wrd' is no column of the features; did you mean 'word'"):
        slicings(prepared_small(board={"slices": ["wrd"]}))


def test_slices_change_no_score_and_are_checked_where_the_columns_are_known(make_rules):
    plain, sliced = (Competition.model_validate(make_rules(board=board)) for board in ({}, {"slices": ["word"]}))
    assert plain.rules == sliced.rules
    assert plain.fingerprint() == sliced.fingerprint()
    for data, message in (({}, "'target' is no feature"), ({"features": ["x"]}, "'word' is not in data.features")):
        wrong = "word" if data else "target"
        with pytest.raises(ValidationError, match=f"board.slices: {message}"):
            Competition.model_validate(make_rules(data=data, board={"slices": [wrong]}))
