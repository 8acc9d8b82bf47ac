"""What a split can tell apart, and when its public part is called too small."""

import pytest

from competition.board.power import Reference, SplitPower, _usual_gap
from competition.ranking.power import SmallestDifference


def power_with(public, private=0.02, gap=None, reason=""):
    differences = (0.01, public, private)
    found = tuple(SmallestDifference(0.8, one, 50, reason if one is None else "") for one in differences)
    return SplitPower((Reference("one", 0.8, found),), (100, 50, 50), 3, 0.5, gap, ())


@pytest.mark.parametrize(
    ("public", "gap", "expected"),
    [(0.03, None, 0), (0.03, 0.04, 0), (0.05, None, 1), (0.03, 0.01, 1), (0.05, 0.01, 2)],
)
def test_the_public_part_is_too_small_by_the_private_one_or_by_neighbours(public, gap, expected):
    assert len(power_with(public, gap=gap).warnings) == expected


def test_a_public_part_that_cannot_rank_says_why():
    (warning,) = power_with(None, reason="8 clusters are too few").warnings
    assert "8 clusters are too few" in warning


def test_neighbours_of_equal_score_have_no_gap():
    assert _usual_gap([0.9, 0.9, 0.8, 0.75]) == pytest.approx(0.075)
    assert _usual_gap([0.9, 0.9, 0.8]) is None
