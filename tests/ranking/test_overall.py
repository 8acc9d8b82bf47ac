"""Several competitions together."""

import numpy as np
import pytest
from scipy import stats

from competition.ranking.overall import critical_difference, groups, overall


def drawn(n_competitions, means, seed=0):
    return np.random.default_rng(seed).normal(size=(n_competitions, len(means))) + means


def test_ranks_ties_and_missing_scores():
    scores = np.array([[0.9, 0.8, 0.8, np.nan], [0.1, 0.2, np.nan, np.nan]])
    found = overall(scores, [True, False])
    assert found.ranks.tolist() == [[1, 2.5, 2.5, 4], [1, 2, 3.5, 3.5]]
    assert found.mean_ranks.tolist() == [1, 2.25, 3, 3.75]
    assert found.win_rates == pytest.approx([1, 3.5 / 6, 2 / 6, 0.5 / 6])
    assert overall(np.array([[0.5]]), [True]).win_rates.tolist() == [1]


def test_ranks_are_those_of_scipy():
    scores = np.round(drawn(12, [0.0] * 7), 1)
    assert np.array_equal(overall(scores, [True] * 12).ranks, stats.rankdata(-scores, axis=1))


def test_the_friedman_test_is_that_of_iman_and_davenport():
    scores = np.round(drawn(15, [0, 0.3, 0.6, 0.9]), 1)  # with ties
    chi_squared = stats.friedmanchisquare(*scores.T).statistic
    f = 14 * chi_squared / (15 * 3 - chi_squared)
    found = critical_difference(overall(scores, [True] * 15).ranks)
    assert found.friedman_p == pytest.approx(stats.f.sf(f, 3, 3 * 14))


def test_the_distance_is_that_of_demsars_table():
    ranks = overall(drawn(14, [0, 0, 0, 0]), [True] * 14).ranks
    assert critical_difference(ranks).nemenyi_distance == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)


def test_clear_differences_leave_no_bar():
    found = critical_difference(overall(drawn(20, [0, 5, 10]), [True] * 20).ranks)
    assert found.friedman_p < 1e-6
    assert found.groups == ()
    assert (found.p_values[~np.eye(3, dtype=bool)] < 0.05).all()


def test_equal_solutions_are_one_bar():
    everywhere_equal = critical_difference(np.full((8, 3), 2.0))
    assert everywhere_equal.friedman_p == 1
    assert everywhere_equal.groups == ((0, 1, 2),)


def test_the_same_order_everywhere():
    assert critical_difference(np.tile([1.0, 2.0, 3.0], (10, 1))).friedman_p == 0


def test_bars_are_the_largest_sets_without_a_difference():
    alike = np.eye(5, dtype=bool)
    for one, other in ((0, 1), (1, 2), (2, 3), (1, 3)):
        alike[one, other] = alike[other, one] = True
    assert groups(np.array([1.0, 2, 3, 4, 5]), alike) == ((0, 1), (1, 2, 3))
    assert groups(np.array([5.0, 4, 3, 2, 1]), alike) == ((3, 2, 1), (1, 0))


@pytest.mark.parametrize("shape", [(5, 4), (20, 2)])
def test_too_few_give_none(shape):
    assert critical_difference(np.ones(shape)) is None


def test_directions_must_fit():
    with pytest.raises(ValueError, match="one direction"):
        overall(np.ones((2, 3)), [True])
