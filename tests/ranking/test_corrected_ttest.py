"""The corrected resampled t-test."""

import numpy as np
import pytest

from competition.ranking.corrected_ttest import corrected_ttest

SIZES = ([90] * 10, [10] * 10)


def test_by_hand():
    first = [0.80, 0.82, 0.81, 0.85, 0.79, 0.83, 0.84, 0.80, 0.82, 0.81]
    second = [0.78, 0.80, 0.80, 0.82, 0.79, 0.80, 0.83, 0.79, 0.79, 0.80]
    difference = np.subtract(first, second)
    found = corrected_ttest(first, second, *SIZES)
    t = difference.mean() / np.sqrt((1 / 10 + 1 / 9) * difference.var(ddof=1))
    assert found.difference == pytest.approx(0.017)
    assert found.t == pytest.approx(t)
    assert found.degrees_of_freedom == 9
    from scipy.stats import t as student

    assert found.p_value == pytest.approx(2 * student.sf(t, 9))


def test_it_is_more_careful_than_the_plain_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    first, second = rng.normal(0.8, 0.02, 10), rng.normal(0.78, 0.02, 10)
    found = corrected_ttest(first.tolist(), second.tolist(), *SIZES)
    assert found.p_value > ttest_rel(first, second).pvalue


def test_the_other_way_round_is_the_same():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.8, 0.02, 10).tolist(), rng.normal(0.78, 0.02, 10).tolist()
    one, other = corrected_ttest(first, second, *SIZES), corrected_ttest(second, first, *SIZES)
    assert (one.difference, one.t) == pytest.approx((-other.difference, -other.t))
    assert one.p_value == pytest.approx(other.p_value)


def test_equal_scores_are_equal():
    found = corrected_ttest([0.1 * i for i in range(10)], [0.1 * i for i in range(10)], *SIZES)
    assert (found.difference, found.t, found.p_value) == (0, 0, 1)


def test_a_constant_difference_has_no_variance():
    scores = [0.1 * i for i in range(10)]
    assert corrected_ttest([one + 0.05 for one in scores], scores, *SIZES) is None


def test_it_needs_ten_resamples():
    assert corrected_ttest([0.1] * 9, [0.2] * 9, [90] * 9, [10] * 9) is None


@pytest.mark.parametrize(
    ("first", "sizes", "message"),
    [
        ([0.5] * 11, SIZES, "for each split"),
        ([0.5] * 9 + [float("nan")], SIZES, "finite"),
        ([0.5] * 10, ([90] * 10, [0] * 10), "with rows"),
    ],
)
def test_what_is_refused(first, sizes, message):
    with pytest.raises(ValueError, match=message):
        corrected_ttest(first, list(np.linspace(0, 1, 10)), *sizes)
