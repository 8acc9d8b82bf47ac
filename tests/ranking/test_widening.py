"""From quantiles of a bootstrap distribution to those of Student's t."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, stdtrit

from competition.ranking.widening import widened, widened_level


@given(st.floats(2.5, 5_000), st.lists(st.floats(0, 8), min_size=1, max_size=5))
def test_quantiles_are_those_of_scipy(n_clusters, quantiles):
    asked = np.array(quantiles)
    expected = -stdtrit(n_clusters - 1, ndtr(-asked)) * np.sqrt(n_clusters / (n_clusters - 1))
    assert widened(asked, n_clusters) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(st.floats(2.5, 500))
def test_it_widens_and_keeps_the_order(n_clusters):
    asked = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 30.0, 100.0, np.inf])
    found = widened(asked, n_clusters)
    assert (found >= np.minimum(asked, 4.0) - 1e-9).all()
    assert (np.diff(found) >= 0).all()
    assert np.isfinite(found).all()


def test_few_clusters_need_a_higher_level():
    assert widened_level(0.95, 10) == pytest.approx(0.983, abs=0.001)
    assert widened_level(0.95, 5_000) == pytest.approx(0.95, abs=1e-3)
