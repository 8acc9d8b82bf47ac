"""Drawings as numbers: places on axes, matrices, and the runs of who is not separable."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.scale import Scale
from competition.board.site import figures


def test_a_bar_beyond_the_axis_points_outwards() -> None:
    scale = Scale(0.5, 1.0)
    assert figures.bar(scale, 0.75, 0.7, 0.8) == figures.Bar(75.0, 60.0, 90.0, "")
    assert figures.bar(scale, 0.2) == figures.Bar(0.0, 0.0, 0.0, "low")
    assert figures.bar(scale, 0.75, float("nan"), None) == figures.Bar(75.0, 75.0, 75.0, "")
    assert figures.bar(scale, None) is None
    assert figures.bar(None, 0.5) is None


@pytest.mark.parametrize("scale", [Scale(0.21, 1.0, nines=True), Scale(0.1, 0.9), Scale(-3.0, 12_000.0)])
def test_the_ticks_of_an_axis_leave_room_for_their_text_and_keep_the_last(scale: Scale) -> None:
    ticks = figures.axis(scale)
    assert 2 <= len(ticks) <= 5
    assert all(after.at - before.at >= 34 for before, after in itertools.pairwise(ticks))
    assert ticks[-1].text == figures.score_ticks(scale)[-1][1]
    assert figures.axis(None) == ()


def test_a_confusion_matrix_is_normalised_by_row(by_hand) -> None:
    made = by_hand.result(by_hand.rules(), "first", 0.8, confusion=((3, 1), (0, 0)))
    rows = figures.matrix(made)
    assert [(label, [(cell.count, cell.percent) for cell in row]) for label, row in rows] == [
        ("no", [(3, 75), (1, 25)]),
        ("yes", [(0, 0), (0, 0)]),
    ]


def test_of_many_classes_the_largest_confusions_are_shown(by_hand) -> None:
    made = by_hand.result(by_hand.rules("multiclass"), "first", 0.8, [f"class {i}" for i in range(30)])
    counts = [list(row) for row in made.confusion]
    counts[3][7] = 999
    made = made.model_copy(update={"confusion": tuple(map(tuple, counts))})
    assert figures.matrix(made) == ()
    actual, called, cell = figures.confusions(made)[0]
    assert (actual, called, cell.count, cell.percent) == ("class 3", "class 7", 999, 52)


def test_a_strip_has_a_dot_for_each_known_score() -> None:
    strip = figures.strip([0.5, None, 1.0], [0.7, 0.7, None])
    assert strip is not None
    assert [x for x, _ in strip.dots] == [120.0, 600.0]
    assert [y for _, y in strip.dots] == [figures.STRIP_HEIGHT, 0.0]
    assert strip.others.count("M") == 2
    assert figures.strip([0.5, None], [0.5, 0.6]) is None


def test_runs_join_solutions_of_which_no_two_differ() -> None:
    names = "abcde"
    differ = {("a", "c"), ("a", "d"), ("a", "e"), ("b", "e"), ("c", "e"), ("d", "e")}
    p_values = {(x, y): 0.01 if (x, y) in differ or (y, x) in differ else 0.5 for x in names for y in names}
    assert figures.inseparable(names, p_values, 0.05) == [(0, 1), (1, 3)]
    assert figures.inseparable(names, {}, 0.05) == []
    assert figures.inseparable(names, dict.fromkeys(p_values, 0.05), 0.05) == [(0, 4)]


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.booleans(), min_size=36, max_size=36))))
def test_runs_are_the_longest_without_a_difference(case: tuple[int, list[bool]]) -> None:
    n, drawn = case
    names = [str(i) for i in range(n)]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    alike = dict(zip(pairs, drawn, strict=False))
    p_values = {(names[i], names[j]): 0.5 if alike[i, j] else 0.0 for i, j in pairs}
    runs = [(i, j) for i, j in pairs if all(alike[a, b] for a in range(i, j) for b in range(a + 1, j + 1))]
    longest = [run for run in runs if not any(o != run and o[0] <= run[0] and o[1] >= run[1] for o in runs)]
    assert figures.inseparable(names, p_values, 0.05) == longest
