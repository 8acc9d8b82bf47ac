"""The matrix of all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.ranking.pairs import compare_pairs, holm, symmetric
from competition.ranking.resampling import Replicates


def replicates(scores, deviations, n_clusters=50, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2000, len(scores))) * deviations
    return Replicates(
        np.array(scores), scores + noise, np.zeros(len(scores)), n_clusters, n_clusters, greater_is_better=True
    )


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])).tolist() == [1, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_keeps_the_order_and_lies_between_the_p_value_and_bonferroni(values):
    p_values = np.array(values)
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= np.minimum(p_values * len(values), 1) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()


def test_pairs_laid_out():
    assert symmetric(np.array([1.0, 2.0, 3.0]), 3, 0.0).tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


def test_p_values_are_those_of_students_t():
    from scipy.stats import t

    found = compare_pairs(replicates([0.5, 0.53], [0.01, 0.01], n_clusters=12))
    expected = 2 * t.sf(0.03 / (0.01 * np.sqrt(2)) / np.sqrt(12 / 11), 11)
    assert found.p_values[0, 1] == found.p_values[1, 0] == pytest.approx(expected, rel=0.15)
    assert found.differences[0, 1] == pytest.approx(0.03)
    assert found.differences[1, 0] == pytest.approx(-0.03)


def test_equal_solutions_have_a_p_value_of_one():
    one = replicates([0.5, 0.6], [0.01, 0.01])
    twice = Replicates(one.scores[[0, 0, 1]], one.replicates[:, [0, 0, 1]], np.zeros(3), 50, 50, greater_is_better=True)
    found = compare_pairs(twice)
    assert found.p_values[0, 1] == found.adjusted[0, 1] == 1
    assert found.adjusted[0, 2] < 1e-3
    assert np.array_equal(found.adjusted, found.adjusted.T)


def test_clear_differences_stay_clear_among_many_pairs():
    found = compare_pairs(replicates(np.linspace(0, 1, 60), np.full(60, 1e-3), n_clusters=200))
    assert (found.adjusted[~np.eye(60, dtype=bool)] < 0.05).all()  # of 1,770 pairs, with 2,000 resamples


def test_too_few_clusters_give_none():
    assert compare_pairs(replicates([0.5, 0.6], [0.01, 0.01], n_clusters=9)) is None
