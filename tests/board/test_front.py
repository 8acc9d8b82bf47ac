"""The Pareto front: nobody on it is dominated, and everybody beside it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.front import on_front, spent

NUMBERS = st.none() | st.integers(0, 5).map(float)


@pytest.mark.parametrize(
    ("greater", "front"), [(True, [True, False, True, False, False]), (False, [True, True, False, False, False])]
)
def test_the_front_is_what_nothing_beats_in_score_and_cost(greater: bool, front: list[bool]) -> None:
    scores, costs = [0.5, 0.4, 0.9, 0.9, None], [1.0, 2.0, 3.0, 4.0, 0.1]
    assert list(on_front(scores, costs, greater_is_better=greater)) == front


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12), st.booleans())
def test_whoever_is_beside_the_front_is_dominated(points: list[tuple[float | None, float | None]], up: bool) -> None:
    marks = on_front([score for score, _ in points], [cost for _, cost in points], greater_is_better=up)
    sign = 1 if up else -1
    known = [(at, sign * s, c) for at, (s, c) in enumerate(points) if s is not None and c is not None]
    for at, score, cost in known:
        better = [o for _, s, o in known if (s >= score and o <= cost) and (s > score or o < cost)]
        assert marks[at] == (not better)
    assert not any(marks[at] for at, point in enumerate(points) if None in point)


def test_costs_are_in_reference_jobs_where_all_have_them() -> None:
    assert spent([1.0, None], [2.0, None]).unit == "reference jobs"
    assert spent([1.0, 3.0], [2.0, None]) == spent([1.0, 3.0], [None, None])
    assert spent([1.0, 3.0], [None, None]).unit == "s"
    assert spent([], []).values == ()
