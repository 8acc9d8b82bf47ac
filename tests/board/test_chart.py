"""The chart: its axes hold what matters, its labels stay apart, and the same board gives the same bytes."""

import itertools
import random
import re
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from competition.board.chart import (
    BOTTOM,
    FRAME,
    LEFT,
    WIDTH,
    Scale,
    pareto_front,
    score_against_time,
    score_scale,
    score_ticks,
    time_ticks,
)
from competition.board.labels import Point, place_labels
from competition.board.table import Leaderboard, Row
from competition.metrics import METRICS
from competition.ranking.intervals import Interval

SVG = "{http://www.w3.org/2000/svg}"


def row(name: str, score: float | None, seconds: float | None, rank: int = 1, half: float | None = None) -> Row:
    interval = Interval(score - half, score + half) if half is not None and score is not None else None
    made = SimpleNamespace(rank=rank, name=name, score=score, fit_seconds=seconds, interval=interval)
    return cast(Row, made)


def board(rows: list[Row], metric: str = "f1") -> Leaderboard:
    primary = METRICS[metric]
    made = SimpleNamespace(
        ranked=rows, primary_title=primary.title, definition=SimpleNamespace(primary=primary), rows=rows
    )
    return cast(Leaderboard, made)


def crowd(n: int = 60) -> list[Row]:
    draw = random.Random(7)
    scores = sorted((draw.gauss(0.9, 0.02) for _ in range(n)), reverse=True)
    return [
        row(f"solution_number_{i}", score, draw.lognormvariate(1, 1), i + 1, 0.01) for i, score in enumerate(scores)
    ]


@pytest.mark.parametrize(("greater", "names"), [(True, ["a", "c"]), (False, ["a", "b"])])
def test_the_front_is_what_nothing_beats_in_score_and_time(greater: bool, names: list[str]) -> None:
    rows = [row("a", 0.5, 1.0), row("b", 0.4, 2.0), row("c", 0.9, 3.0), row("d", 0.9, 4.0), row("e", None, 0.1)]
    assert [one.name for one in pareto_front(rows, greater_is_better=greater)] == names


def test_the_axis_holds_the_better_three_quarters() -> None:
    good = [[0.99], [0.98], [0.985], [0.97], [0.96], [0.95]]
    assert score_scale([*good, [0.1], [0.0]]) == Scale(0.95, 0.99)
    assert score_scale([*good, [0.93], [0.92]]) == Scale(0.92, 0.99)


@pytest.mark.parametrize("value", [0.0, 0.7, -3.0, 1e6])
def test_equal_scores_have_an_axis_too(value: float) -> None:
    scale = score_scale([[value], [value]])
    assert scale is not None
    assert scale.low < value < scale.high
    assert scale.share(value) == pytest.approx(0.5)


def test_nothing_to_show_has_no_axis() -> None:
    assert score_scale([]) is None
    assert score_scale([[], []]) is None


@pytest.mark.parametrize("ends", [(0.1, 0.55), (0.98, 0.99), (-20.0, 5.0), (1200.0, 98000.0), (0.0, 1e-4)])
def test_score_ticks_are_round_few_and_distinct(ends: tuple[float, float]) -> None:
    scale = Scale(*ends)
    ticks = score_ticks(scale)
    assert 3 <= len(ticks) <= 11
    assert len({text for _, text in ticks}) == len(ticks)
    assert all(float(text) == pytest.approx(value, abs=1e-12) for value, text in ticks)
    assert all(scale.low - 1e-9 <= value <= scale.high + 1e-9 for value, _ in ticks)


def test_time_ticks_are_dense_on_short_axes() -> None:
    assert [text for _, text in time_ticks(Scale(-1.5, 2))] == ["0.1 s", "1 s", "10 s", "100 s"]
    assert [text for _, text in time_ticks(Scale(-0.5, 0.5))] == ["0.5 s", "1 s", "2 s"]


@pytest.mark.parametrize("metric", ["f1", "root_mean_squared_error"])
def test_the_chart_is_well_formed_and_the_same_each_time(metric: str) -> None:
    rows = crowd()
    text = score_against_time(board(rows, metric))
    assert text == score_against_time(board(rows, metric))
    root = ElementTree.fromstring(text)
    assert len([path for path in root.iter(f"{SVG}path") if path.get("class", "").startswith("point")]) == len(rows)
    assert ("higher" if metric == "f1" else "lower") + " is better" in text


def test_labels_stay_apart_and_inside() -> None:
    draw = random.Random(3)
    rows = crowd(80)
    points = [
        Point(one, draw.uniform(LEFT, 836), draw.uniform(28, BOTTOM), False, i % 9 == 0) for i, one in enumerate(rows)
    ]
    labels = place_labels(points, [], FRAME)
    assert len(labels) > 10
    boxes = [label.box for label in labels]
    assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))
    assert not any(box.meets(point.box) for box in boxes for point in points)
    assert all(box.left >= LEFT and box.right <= WIDTH and box.top >= 0 and box.bottom <= BOTTOM for box in boxes)


def test_the_best_for_their_time_are_named_first() -> None:
    rows = [row("slow_twin", 0.5, 1.01, 2), row("the_front", 0.501, 1.0, 1)]
    texts = re.findall(r'class="label( front)?"[^>]*>([^<]+)<', score_against_time(board(rows)))
    assert texts[0] == (" front", "the_front")


def test_a_score_beyond_the_axis_is_an_arrow_inside_the_figure() -> None:
    rows = [row(f"good_{i}", 0.99 - i / 1000, 1.0 + i, i + 1) for i in range(9)] + [row("dummy", 0.1, 0.01, 10)]
    root = ElementTree.fromstring(score_against_time(board(rows)))
    marks = {path.findtext(f"{SVG}title", ""): path.get("d", "") for path in root.iter(f"{SVG}path")}
    dummy = next(shape for about, shape in marks.items() if about.startswith("10. dummy: F1 0.1000"))
    assert "h10l-5 10z" in dummy


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e5])
def test_any_time_finds_its_place(seconds: float) -> None:
    root = ElementTree.fromstring(score_against_time(board([row("only", 0.5, seconds)])))
    numbers = [float(x) for text in root.iter(f"{SVG}text") if (x := text.get("x"))]
    assert all(0 <= x <= WIDTH for x in numbers)


def test_names_are_escaped_and_cleaned() -> None:
    text = score_against_time(board([row("<script>$\\frac{\x1b[31m\u202e", 0.5, 1.0)]))
    ElementTree.fromstring(text)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_without_times_there_is_a_picture_that_says_so() -> None:
    text = score_against_time(board(cast(Any, [row("untimed", 0.5, None)])))
    ElementTree.fromstring(text)
    assert "No solution has both" in text
