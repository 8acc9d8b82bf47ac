"""The chart: its labels stay apart, the front stands out, and the same board gives the same bytes."""

import itertools
import random
import re
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from competition.board.chart import BOTTOM, FRAME, LEFT, WIDTH, cost_ticks, score_against_cost
from competition.board.front import on_front, spent
from competition.board.labels import Point, place_labels
from competition.board.row import Row
from competition.board.scale import Scale
from competition.board.table import Leaderboard
from competition.metrics import METRICS
from competition.ranking.order import Interval

SVG = "{http://www.w3.org/2000/svg}"


def row(name: str, score: float | None, seconds: float | None, rank: int = 1, half: float | None = None) -> Row:
    interval = Interval(score - half, score + half) if half is not None and score is not None else None
    made = SimpleNamespace(
        rank=rank, name=name, score=score, fit_seconds=seconds, fit_cost=None, interval=interval, on_front=False
    )
    return cast(Row, made)


def board(rows: list[Row], metric: str = "f1") -> Leaderboard:
    primary = METRICS[metric]
    costs = spent([row.fit_seconds for row in rows], [row.fit_cost for row in rows])
    marks = on_front([row.score for row in rows], costs.values, greater_is_better=primary.greater_is_better)
    made = SimpleNamespace(
        ranked=[SimpleNamespace(**vars(row) | {"on_front": mark}) for row, mark in zip(rows, marks, strict=True)],
        rows=rows,
        primary_title=primary.title,
        definition=SimpleNamespace(primary=primary),
        spent=costs,
    )
    return cast(Leaderboard, made)


def crowd(n: int = 60) -> list[Row]:
    draw = random.Random(7)
    scores = sorted((draw.gauss(0.9, 0.02) for _ in range(n)), reverse=True)
    return [
        row(f"solution_number_{i}", score, draw.lognormvariate(1, 1), i + 1, 0.01) for i, score in enumerate(scores)
    ]


def test_cost_ticks_are_dense_on_short_axes() -> None:
    assert [text for _, text in cost_ticks(Scale(-1.5, 2), "s")] == ["0.1 s", "1 s", "10 s", "100 s"]
    assert [text for _, text in cost_ticks(Scale(-2.5, 0), "s")] == ["10 ms", "0.1 s", "1 s"]
    assert [text for _, text in cost_ticks(Scale(-0.5, 0.5), "reference jobs")] == ["0.5", "1", "2"]


def test_a_board_with_costs_is_drawn_in_reference_jobs() -> None:
    rows = [SimpleNamespace(**vars(one) | {"fit_cost": 2.0}) for one in crowd(5)]
    text = score_against_cost(board(cast(Any, rows)))
    assert "in reference jobs" in text
    assert "fit 2.00 reference jobs" in text


def test_within_a_page_the_chart_brings_no_style() -> None:
    assert "<style>" in score_against_cost(board(crowd(5)))
    assert "style" not in score_against_cost(board(crowd(5)), standalone=False)


@pytest.mark.parametrize("metric", ["f1", "root_mean_squared_error"])
def test_the_chart_is_well_formed_and_the_same_each_time(metric: str) -> None:
    rows = crowd()
    text = score_against_cost(board(rows, metric))
    assert text == score_against_cost(board(rows, metric))
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


def test_the_front_is_named_first() -> None:
    rows = [row("slow_twin", 0.5, 1.01, 2), row("the_front", 0.501, 1.0, 1)]
    texts = re.findall(r'class="label( front)?"[^>]*>([^<]+)<', score_against_cost(board(rows)))
    assert texts[0] == (" front", "the_front")


def test_a_score_beyond_the_axis_is_an_arrow_inside_the_figure() -> None:
    rows = [row(f"good_{i}", 0.79 - i / 1000, 1.0 + i, i + 1) for i in range(9)] + [row("dummy", 0.1, 0.01, 10)]
    root = ElementTree.fromstring(score_against_cost(board(rows)))
    marks = {path.findtext(f"{SVG}title", ""): path.get("d", "") for path in root.iter(f"{SVG}path")}
    dummy = next(shape for about, shape in marks.items() if about.startswith("10. dummy: F1 0.1000"))
    assert "h10l-5 10z" in dummy


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e5])
def test_any_cost_finds_its_place(seconds: float) -> None:
    root = ElementTree.fromstring(score_against_cost(board([row("only", 0.5, seconds)])))
    numbers = [float(x) for text in root.iter(f"{SVG}text") if (x := text.get("x"))]
    assert all(0 <= x <= WIDTH for x in numbers)


def test_names_are_escaped_and_cleaned() -> None:
    text = score_against_cost(board([row("<script>$\\frac{\x1b[31m\u202e", 0.5, 1.0)]))
    ElementTree.fromstring(text)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_without_times_there_is_a_picture_that_says_so() -> None:
    text = score_against_cost(board(cast(Any, [row("untimed", 0.5, None)])))
    ElementTree.fromstring(text)
    assert "No solution has both" in text
