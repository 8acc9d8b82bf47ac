"""The order in which trials begin."""

import heapq
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from competition.evaluation.schedule import LongestFirst


def wall_time(seconds: Sequence[float], order: Sequence[int], jobs: int) -> float:
    """When the last trial ends if each begins as soon as a job is free."""
    free = [0.0] * jobs
    for number in order:
        heapq.heappush(free, heapq.heappop(free) + seconds[number])
    return max(free)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.just(0)), max_size=30), st.data())
def test_every_trial_begins_once_whatever_is_known(drawn: list[tuple[str, int]], data: st.DataObject) -> None:
    names = [name for name, _ in drawn]
    known = data.draw(st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1e6)))
    kinds = data.draw(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)))
    assert sorted(LongestFirst(names, known, kinds)) == list(range(len(names)))


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.01, 100), min_size=1), st.integers(1, 4))
def test_longest_first_is_within_four_thirds_of_the_best(seconds: dict[str, float], jobs: int) -> None:
    names = sorted(seconds)
    each = [seconds[name] for name in names]
    order = list(LongestFirst(names, seconds))
    assert [each[number] for number in order] == sorted(each, reverse=True)
    bound = max(max(each), sum(each) / jobs)  # no order can end sooner
    assert wall_time(each, order, jobs) <= bound * 2
    # Graham 1969: longest first ends within 4/3 of the best, which a single job attains.
    assert jobs > 1 or wall_time(each, order, jobs) <= bound * (1 + 1e-9)


def test_the_unknown_is_tried_first_and_then_takes_its_place() -> None:
    schedule = LongestFirst(["slow", "slow", "new", "new"], {"slow": 10.0})
    order = iter(schedule)
    assert next(order) == 2
    schedule.took("new", 20.0)
    assert list(order) == [3, 0, 1]


def test_the_unknown_waits_while_its_first_trial_runs() -> None:
    order = iter(LongestFirst(["slow", "new", "new", "quick"], {"slow": 10.0, "quick": 1.0}))
    assert [next(order) for _ in range(4)] == [1, 0, 2, 3]


def test_those_that_need_a_worker_of_their_own_kind_stay_together_and_come_first() -> None:
    names = ["long", "deep", "short", "deep"]
    order = list(LongestFirst(names, {"long": 9.0, "short": 1.0, "deep": 5.0}, {"deep": "deep"}))
    assert order == [1, 3, 0, 2]
