"""The axis of scores: it holds what matters, spreads what is crowded near 1, and its ticks are round."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.scale import Scale, score_scale, score_ticks

CROWDED = [[1.0, 1.0, 1.0], [0.9999, 0.9998, 1.0], [0.9906, 0.9891, 0.9921], [0.98, 0.979, 0.982], [0.5], [0.2]]


def test_the_axis_holds_the_better_three_quarters() -> None:
    good = [[0.99], [0.98], [0.985], [0.97], [0.96], [0.95]]
    assert score_scale([*good, [0.1], [0.0]]) == Scale(0.95, 0.99)
    assert score_scale([*good, [0.93], [0.92]]) == Scale(0.92, 0.99)


@pytest.mark.parametrize("value", [0.0, 0.7, -3.0, 1e6])
def test_equal_scores_have_an_axis_too(value: float) -> None:
    scale = score_scale([[value], [value]])
    assert scale is not None
    assert scale.low < value < scale.high
    assert scale.share(value) == pytest.approx(0.5)


def test_nothing_to_show_has_no_axis() -> None:
    assert score_scale([]) is None
    assert score_scale([[], []]) is None


def test_scores_crowded_near_one_are_spread_and_all_of_them_held() -> None:
    scale = score_scale(CROWDED, bounded=True)
    assert scale is not None
    assert scale.nines
    assert all(scale.holds(value) for row in CROWDED for value in row)
    better = [scale.share(row[0]) for row in CROWDED[:4]]
    assert all(one - other > 0.05 for one, other in itertools.pairwise(better))
    assert scale.share(1.0) == 1.0


def test_an_axis_is_linear_where_one_is_no_end_or_nothing_is_crowded() -> None:
    linear = score_scale(CROWDED)
    assert linear is not None
    assert not linear.nines
    even = score_scale([[1 - i / 10] for i in range(9)], bounded=True)
    assert even == Scale(pytest.approx(0.2), 1.0)


@given(st.lists(st.floats(-5, 1), min_size=2, max_size=30), st.booleans())
def test_shares_keep_the_order_and_stay_on_the_axis(scores: list[float], bounded: bool) -> None:
    falling = sorted(scores, reverse=True)
    scale = score_scale([[score] for score in falling], bounded=bounded)
    assert scale is not None
    shares = [scale.padded(0.05).share(score) for score in falling]
    assert shares == sorted(shares, reverse=True)
    assert all(0.05 - 1e-9 <= share <= 0.95 + 1e-9 for share in shares)


@pytest.mark.parametrize("ends", [(0.1, 0.55), (0.98, 0.99), (-20.0, 5.0), (1200.0, 98000.0), (0.0, 1e-4)])
def test_score_ticks_are_round_few_and_distinct(ends: tuple[float, float]) -> None:
    scale = Scale(*ends)
    ticks = score_ticks(scale)
    assert 3 <= len(ticks) <= 11
    assert len({text for _, text in ticks}) == len(ticks)
    assert all(float(text) == pytest.approx(value, abs=1e-12) for value, text in ticks)
    assert all(scale.low - 1e-9 <= value <= scale.high + 1e-9 for value, _ in ticks)


def test_ticks_towards_one_are_nines_that_stand_apart() -> None:
    assert [text for _, text in score_ticks(Scale(0.2, 1.0, nines=True))] == [
        "0.5",
        "0.9",
        "0.99",
        "0.999",
        "0.9999",
        "1",
    ]
    draw = random.Random(2)
    for _ in range(50):
        scale = Scale(draw.uniform(-50, 0.9), draw.uniform(0.99, 1), nines=True)
        shares = [scale.share(value) for value, _ in score_ticks(scale)]
        assert all(after - before > 0.06 for before, after in itertools.pairwise(shares))


EXTREME = st.floats() | st.sampled_from([1.7e308, -1.7e308, 1e300, 1e17, 5e-324, float("inf"), float("nan")])


@given(st.lists(st.lists(EXTREME, max_size=3), max_size=6), st.booleans())
def test_any_numbers_leave_an_axis_or_none(values: list[list[float]], bounded: bool) -> None:
    scale = score_scale(values, bounded=bounded)
    assert (scale is None) == (not any(abs(value) <= 1e300 for row in values for value in row))
    if scale is not None:
        assert all(0 <= scale.share(value) <= 1 for row in values for value in row)
        assert all(len(text) < 40 for _, text in score_ticks(scale))


@given(EXTREME, EXTREME)
def test_an_axis_without_a_usable_length_has_no_ticks(low: float, high: float) -> None:
    ticks = score_ticks(Scale(low, high))
    assert 0 <= Scale(low, high).share(0.5) <= 1
    assert len(ticks) <= 12
    if not (1e-300 <= high - low < float("inf")):
        assert ticks == []


def test_ticks_of_large_and_of_close_values_have_an_exponent() -> None:
    assert [text for _, text in score_ticks(Scale(0.0, 1e150))][-2:] == ["8.0e+149", "1.0e+150"]
    assert [text for _, text in score_ticks(Scale(1e6, 1e6 + 40))][:2] == ["1.00000e+06", "1.00001e+06"]
    assert [text for _, text in score_ticks(Scale(0.0, 4e-12))][:2] == ["0e+00", "1e-12"]
    assert [text for _, text in score_ticks(Scale(999_000.0, 999_999.0))][:2] == ["999000", "999200"]
