"""The order of a board."""

import random

import pytest

from competition.definition import Competition
from competition.ranking.order import rank
from competition.results import Failure

CLUSTERS = [(40, 5, 3, 12)] * 12


def places(results, definition):
    return [(standing.rank, standing.result.solution.name) for standing in rank(results, definition)]


@pytest.fixture
def results(make_result):
    """Results with ties and failures, in no order."""
    failure = Failure(type="crash", message="gone")
    made = [
        make_result(name, score) for name, score in (("b", 0.9), ("a", 0.9), ("c", 0.95), ("d", 0.1), ("zero", 0.0))
    ]
    made += [make_result("y", None, failure=failure), make_result("x", None)]
    random.Random(0).shuffle(made)
    return made


def test_the_highest_score_first_ties_share_a_rank_and_missing_scores_last(results, small_definition):
    expected = [(1, "c"), (2, "a"), (2, "b"), (4, "d"), (5, "zero"), (None, "x"), (None, "y")]
    assert places(results, small_definition) == expected
    assert places(results[::-1], small_definition) == expected


def test_the_lowest_score_first_where_less_is_better(results, make_rules):
    definition = Competition.model_validate(make_rules(metric={"primary": "log_loss", "also": []}))
    expected = [(1, "zero"), (2, "d"), (3, "a"), (3, "b"), (5, "c"), (None, "x"), (None, "y")]
    assert places(results, definition) == expected


def test_nothing_to_rank(small_definition):
    assert rank([], small_definition) == []


def test_intervals_come_with_scores_and_clusters_alone(make_result, small_definition):
    with_both, without_clusters, without_score = rank(
        [make_result("a", 0.8, counts=CLUSTERS), make_result("b", 0.7), make_result("c", None, counts=CLUSTERS)],
        small_definition,
    )
    assert with_both.interval.low <= with_both.interval.high
    assert without_clusters.interval is None
    assert without_score.interval is None


def test_a_worse_solution_changes_nothing_for_the_others(make_result, small_definition):
    two = [make_result("a", 0.8, counts=CLUSTERS), make_result("b", 0.7, counts=[*CLUSTERS[:-1], (20, 25, 9, 6)])]
    dummy = make_result("dummy", 0.1, counts=[(45, 0, 15, 0)] * 12)
    assert rank([*two, dummy], small_definition)[:2] == rank(two, small_definition)
