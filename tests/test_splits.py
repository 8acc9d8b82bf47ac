"""Splits: disjoint, by whole days and groups, with the embargo held, the same from the same seed."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.definition import CrossValidation, Split
from competition.errors import PodiumError
from competition.splits import RowKeys, folds, hold_out, public_half

HOUR = np.timedelta64(1, "h")


@st.composite
def keys(draw, min_days=6):
    """Row keys with days, groups and classes enough for every strategy; days may be missing, rows are in no order."""
    n_days = draw(st.integers(min_days, 15))
    days = sorted(draw(st.sets(st.integers(0, 40), min_size=n_days, max_size=n_days)))
    n = len(days) * draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    day = rng.permutation(np.resize(days, n))
    start = np.datetime64("2024-02-25T00:00", "m") + draw(st.integers(0, 1439))
    time = start.astype("datetime64[D]").astype("datetime64[m]") + day * 24 * HOUR + rng.integers(0, 1440, n)
    target = rng.permutation(np.resize([0, 1], n))
    return RowKeys(target, rng.permutation(np.resize(np.arange(8), n)), time.astype("datetime64[us]"))


SEEDS = st.integers(0, 2**31 - 1)
SPLITS = st.sampled_from(["stratified", "random", "group", "time"])


def days(keys, rows):
    return set(keys.time[rows].astype("datetime64[D]").tolist())


# --- held-out rows ---


@given(keys(), SPLITS, st.floats(0.2, 0.6), SEEDS)
def test_held_out_rows_are_some_and_not_all(keys, strategy, fraction, seed):
    held = hold_out(keys, Split(strategy=strategy, fraction=fraction), seed)
    assert held.shape == (len(keys),)
    assert held.dtype == bool
    assert 0 < held.sum() < len(keys)
    assert (held == hold_out(keys, Split(strategy=strategy, fraction=fraction), seed)).all()


@given(keys(), st.floats(0.01, 0.99))
def test_time_holds_out_the_last_whole_days(keys, fraction):
    held = hold_out(keys, Split(strategy="time", fraction=fraction), seed=0)
    assert not days(keys, held) & days(keys, ~held)
    assert keys.time[~held].max() < keys.time[held].min()


def test_time_holds_out_the_fraction_of_the_days():
    time = np.arange("2024-01-01", "2024-01-21", dtype="datetime64[h]").astype("datetime64[us]")
    held = hold_out(RowKeys(np.zeros(len(time)), None, time), Split(strategy="time", fraction=0.25), seed=0)
    assert held.sum() == 5 * 24
    assert held[-5 * 24 :].all()


@given(keys(), st.floats(0.2, 0.6), SEEDS)
def test_group_holds_out_whole_groups(keys, fraction, seed):
    held = hold_out(keys, Split(strategy="group", fraction=fraction), seed)
    assert not set(keys.group[held]) & set(keys.group[~held])


@given(keys(), st.floats(0.2, 0.6), SEEDS)
def test_stratified_keeps_the_share_of_each_class(keys, fraction, seed):
    held = hold_out(keys, Split(strategy="stratified", fraction=fraction), seed)
    for code in (0, 1):
        assert abs((keys.target[held] == code).sum() - fraction * (keys.target == code).sum()) <= 1.5


def test_another_seed_draws_other_rows():
    keys = RowKeys(np.arange(400) % 2)
    masks = {hold_out(keys, Split(strategy="stratified"), seed).tobytes() for seed in range(5)}
    assert len(masks) == 5


@given(keys(min_days=8), SPLITS, SEEDS)
def test_the_public_half_goes_by_days_and_groups_too(keys, strategy, seed):
    split = Split(strategy=strategy, fraction=0.5)
    held = keys.take(hold_out(keys, split, seed))
    public = public_half(held, split, seed)
    assert 0 < public.sum() < len(held)
    assert (public == public_half(held, split, seed)).all()
    if strategy == "time":
        assert not days(held, public) & days(held, ~public)
    if strategy == "group":
        assert not set(held.group[public]) & set(held.group[~public])


# --- folds ---

CVS = st.sampled_from(["stratified", "random", "group", "blocks", "forward"])


@given(keys(), CVS, st.integers(2, 4), SEEDS)
def test_every_row_is_predicted_at_most_once_and_never_fitted_on_at_once(keys, strategy, n_splits, seed):
    made = folds_or_none(keys, CrossValidation(strategy=strategy, n_splits=n_splits), seed)
    if made is None:
        return
    assert [(fold.repeat, fold.fold) for fold in made] == [(0, number) for number in range(n_splits)]
    for fold in made:
        assert not set(fold.train) & set(fold.valid)
        assert len(fold.train) == len(set(fold.train))
    predicted = np.sort(np.concatenate([fold.valid for fold in made]))
    assert len(predicted) == len(set(predicted))
    if strategy != "forward":
        assert (predicted == np.arange(len(keys))).all()
        assert all(len(fold.train) + len(fold.valid) == len(keys) for fold in made)


def folds_or_none(keys, cv, seed):
    """Folds, or None where a fold would be fitted on no rows or a single class, which is refused."""
    try:
        return folds(keys, cv, seed)
    except PodiumError as error:
        if "single class" in str(error) or "no rows" in str(error):
            return None
        raise


@given(keys(), CVS, SEEDS)
def test_the_same_seed_makes_the_same_folds(keys, strategy, seed):
    cv = CrossValidation(strategy=strategy, n_splits=3)
    once, again = folds_or_none(keys, cv, seed), folds_or_none(keys, cv, seed)
    for one, other in zip(once or (), again or (), strict=True):
        assert (one.train == other.train).all()
        assert (one.valid == other.valid).all()


@given(keys(), SEEDS)
def test_group_folds_keep_groups_whole(keys, seed):
    for fold in folds(keys, CrossValidation(strategy="group", n_splits=3), seed):
        assert not set(keys.group[fold.train]) & set(keys.group[fold.valid])


@given(keys(), st.integers(2, 4), SEEDS)
def test_stratified_folds_keep_the_share_of_each_class(keys, n_splits, seed):
    for fold in folds(keys, CrossValidation(strategy="stratified", n_splits=n_splits), seed):
        share = (keys.target == 1).sum() / n_splits
        assert abs((keys.target[fold.valid] == 1).sum() - share) <= 1


@given(keys(), st.sampled_from(["blocks", "forward"]), st.integers(2, 4), st.sampled_from([0, 30, 360, 2160]))
def test_blocks_are_whole_days_in_order_and_the_embargo_holds(keys, strategy, n_splits, minutes):
    made = folds_or_none(keys, CrossValidation(strategy=strategy, n_splits=n_splits, embargo=f"{minutes}min"), 0)
    if made is None:
        return
    embargo = np.timedelta64(minutes, "m")
    ends = []
    for fold in made:
        others = np.setdiff1d(np.arange(len(keys)), fold.valid)
        assert not days(keys, fold.valid) & days(keys, others)
        first, last = keys.time[fold.valid].min(), keys.time[fold.valid].max()
        times = keys.time[fold.train]
        assert ((times < first - embargo) | (times > last + embargo)).all()
        if strategy == "forward":
            assert (times < first).all()
        ends.append((first, last))
    assert all(one[1] < other[0] for one, other in pairwise(ends))


def test_the_embargo_drops_no_more_than_it_must():
    time = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[h]").astype("datetime64[us]")
    keys = RowKeys(np.arange(len(time)) % 2, None, time)
    middle = folds(keys, CrossValidation(strategy="blocks", n_splits=3, embargo="6h"), 0)[1]
    assert len(middle.valid) == 48
    assert len(middle.train) == 2 * 48 - 2 * 6


def test_forward_grows():
    time = np.arange("2024-01-01", "2024-01-09", dtype="datetime64[h]").astype("datetime64[us]")
    made = folds(RowKeys(np.arange(len(time)) % 2, None, time), CrossValidation(strategy="forward", n_splits=3), 0)
    assert [(len(fold.train), len(fold.valid)) for fold in made] == [(48, 48), (96, 48), (144, 48)]


def test_repeats_draw_other_folds():
    keys = RowKeys(np.arange(60) % 2)
    made = folds(keys, CrossValidation(strategy="stratified", n_splits=3, n_repeats=4), 0)
    assert [(fold.repeat, fold.fold) for fold in made] == [(r, f) for r in range(4) for f in range(3)]
    assert len({fold.valid.tobytes() for fold in made}) == 12


def test_regression_needs_no_classes():
    keys = RowKeys(np.ones(20))
    assert len(folds(keys, CrossValidation(strategy="random", n_splits=5), 0)) == 5


# --- clear errors ---

ONE_DAY = np.arange("2024-01-01T00", "2024-01-01T20", dtype="datetime64[h]").astype("datetime64[us]")
TARGET = np.arange(20) % 2


@pytest.mark.parametrize(
    ("keys", "split", "message"),
    [
        (RowKeys(TARGET, None, ONE_DAY), Split(strategy="time"), "at least two days"),
        (RowKeys(TARGET, np.zeros(20, dtype=int)), Split(strategy="group"), "by 'group'"),
        (RowKeys(np.r_[TARGET, 2]), Split(strategy="stratified"), "by 'stratified'"),
        (RowKeys(TARGET[:1]), Split(strategy="random"), "0.25 of 1 rows as held-out rows by 'random'"),
        (RowKeys(TARGET[:0]), Split(strategy="random"), "0 rows"),
    ],
)
def test_too_little_to_hold_out(keys, split, message):
    refuses_in_one_line(lambda: hold_out(keys, split, 0), message)


def test_too_few_held_out_days_for_two_halves():
    keys = RowKeys(TARGET, None, ONE_DAY)
    refuses_in_one_line(lambda: public_half(keys, Split(strategy="time"), 0), "public rows (whole days)")


@pytest.mark.parametrize(
    ("keys", "cv", "message"),
    [
        (RowKeys(TARGET[:3]), {"strategy": "random", "n_splits": 5}, "cannot make 5 folds by 'random'"),
        (RowKeys(np.r_[TARGET, 2]), {"strategy": "stratified"}, "the smallest class has fewer rows"),
        (RowKeys(TARGET, TARGET), {"strategy": "group"}, "cannot make 5 folds by 'group'"),
        (RowKeys(TARGET, None, ONE_DAY), {"strategy": "blocks"}, "the training rows span 1 days"),
        (RowKeys(TARGET, None, ONE_DAY), {"strategy": "forward", "n_splits": 2}, "span 1 days"),
        (RowKeys(TARGET, TARGET), {"strategy": "group", "n_splits": 2}, "fitted on a single class"),
        (
            RowKeys(TARGET, None, ONE_DAY + np.repeat([0, 1], 10) * np.timedelta64(1, "D")),
            {"strategy": "blocks", "n_splits": 2, "embargo": "3d"},
            "fold 0 has no rows",
        ),
    ],
)
def test_too_little_for_folds(keys, cv, message):
    refuses_in_one_line(lambda: folds(keys, CrossValidation(**cv), 0), message)


def refuses_in_one_line(call, message):
    with warnings.catch_warnings(action="error"), pytest.raises(PodiumError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
