"""Scores by cluster are those of the metric on the cluster's rows, and say nothing where it is undefined."""

import pytest

from competition.board.site.clusters import by_cluster
from competition.results import Statistics


def made(by_hand, rules, name, metric, *units):
    result = by_hand.result(rules, name, 0.8)
    clusters = tuple(f"day {i}" for i in range(len(units[0])))
    return result.model_copy(update={"statistics": Statistics(clusters=clusters, metric=metric, units=units)})


def test_a_score_is_that_of_the_rows_of_a_cluster(by_hand) -> None:
    rules = by_hand.rules()
    one = made(by_hand, rules, "one", "f1", ((5, 1, 1, 3), (9, 0, 0, 1)))
    other = made(by_hand, rules, "other", "f1", ((5, 1, 3, 1), (9, 0, 0, 1)))
    found = by_cluster([one, other], rules)
    assert found.names == ("day 0", "day 1")
    assert found.scores["one"] == pytest.approx((0.75, 1.0))
    assert found.scores["other"] == pytest.approx((1 / 3, 1.0))
    assert found.middle == pytest.approx(((0.75 + 1 / 3) / 2, 1.0))


def test_f1_of_a_cluster_without_positive_rows_is_unknown(by_hand) -> None:
    rules = by_hand.rules()
    found = by_cluster([made(by_hand, rules, "one", "f1", ((5, 1, 1, 3), (9, 1, 0, 0)))], rules)
    assert found.scores["one"][1] is None
    assert found.middle[1] is None


def test_repeats_are_pooled(by_hand) -> None:
    rules = by_hand.rules()
    found = by_cluster([made(by_hand, rules, "one", "f1", ((5, 0, 0, 4),), ((5, 0, 4, 0),))], rules)
    assert found.scores["one"] == pytest.approx((2 / 3,))


def test_an_average_over_folds_skips_those_without_the_cluster(by_hand) -> None:
    rules = by_hand.rules()
    rules = rules.model_copy(update={"metric": rules.metric.model_copy(update={"primary": "roc_auc"})})
    right = [0] * 202
    right[10], right[101 + 90] = 4, 3  # negatives score low, positives high
    nothing = [0] * 202
    found = by_cluster([made(by_hand, rules, "one", "roc_auc", (right, nothing), (nothing, nothing))], rules)
    assert found.scores["one"] == (pytest.approx(1.0), None)


def test_of_too_many_clusters_the_largest_stay_in_their_order(by_hand) -> None:
    rules = by_hand.rules()
    units = tuple((i % 7, 0, 0, 5) for i in range(50))
    found = by_cluster([made(by_hand, rules, "one", "f1", units)], rules, most=7)
    assert found.names == tuple(f"day {i}" for i in range(6, 50, 7))
    assert found.n_all == 50


def test_other_clusters_than_those_of_most_are_left_out(by_hand) -> None:
    rules = by_hand.rules()
    usual = [made(by_hand, rules, name, "f1", ((5, 1, 1, 3), (9, 0, 0, 1))) for name in "ab"]
    other = made(by_hand, rules, "c", "f1", ((5, 1, 1, 3),))
    assert set(by_cluster([other, *usual], rules).scores) == {"a", "b"}
    assert by_cluster([], rules) is None


def test_regression_counts_rows_from_its_first_sum(by_hand) -> None:
    rules = by_hand.rules("regression")
    sums = ((10.0, 5.0, 40.0, 1.0, 1.0), (100.0, 5.0, 100.0, 1.0, 1.0))
    found = by_cluster([made(by_hand, rules, "one", "root_mean_squared_error", sums)], rules, most=1)
    assert found.names == ("day 1",)
    assert found.scores["one"] == pytest.approx((1.0,))
