"""The order of a board."""

import random

import pytest

from competition.definition import Competition
from competition.ranking.order import rank
from competition.results import Failure

CLUSTERS = [(40, 5, 3, 12)] * 12


def places(results, definition):
    return [(standing.rank, standing.result.solution.name) for standing in rank(results, definition).standings]


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


@pytest.mark.parametrize("score", [float("inf"), float("-inf"), float("nan")])
def test_a_score_that_is_not_finite_ends_no_board(make_result, small_definition, score):
    ranking = rank([make_result("a", score, counts=CLUSTERS), make_result("b", 0.8, counts=CLUSTERS)], small_definition)
    assert ranking.reason == "the score of a is not finite"
    assert {standing.result.solution.name for standing in ranking.standings} == {"a", "b"}


def test_nothing_to_rank(small_definition):
    assert rank([], small_definition).standings == ()


def test_what_the_evidence_says_comes_with_sums_by_cluster(make_result, small_definition):
    first, second, without_score = rank(
        [
            make_result("a", 0.8, counts=CLUSTERS),
            make_result("b", 0.7, counts=[(39, 6, 4, 11)] * 12),
            make_result("c", None, counts=CLUSTERS),
        ],
        small_definition,
    ).standings
    assert first.interval.low <= first.interval.high
    assert (first.rank_low, second.rank_high) == (1, 2)
    assert first.first_share + second.first_share == pytest.approx(1)
    assert (without_score.interval, without_score.rank_low) == (None, None)


def test_without_the_sums_of_one_there_is_no_range_and_the_reason_is_told(make_result, small_definition):
    ranking = rank([make_result("a", 0.8, counts=CLUSTERS), make_result("b", 0.7)], small_definition)
    assert [one.rank for one in ranking.standings] == [1, 2]
    assert [one.rank_low for one in ranking.standings] == [None, None]
    assert ranking.reason == "b has no sums by cluster of rows"


def test_few_clusters_give_no_range(make_result, small_definition):
    ranking = rank([make_result(name, 0.8, counts=CLUSTERS[:9]) for name in "ab"], small_definition)
    assert [one.rank_low for one in ranking.standings] == [None, None]
    assert "9 clusters" in ranking.reason


def test_a_worse_solution_changes_nothing_for_the_others(make_result, small_definition):
    two = [make_result("a", 0.8, counts=CLUSTERS), make_result("b", 0.7, counts=[*CLUSTERS[:-1], (20, 25, 9, 6)])]
    dummy = make_result("dummy", 0.1, counts=[(45, 0, 15, 0)] * 12)
    assert rank([*two, dummy], small_definition).standings[:2] == rank(two, small_definition).standings
