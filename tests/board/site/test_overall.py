"""The overall board on the overview, and blends on a competition's page."""

from base64 import b64decode

import numpy as np
import pytest

from competition.board.blends import Blending, Missing
from competition.board.site import Contest, render
from competition.ranking.blend import Blend
from competition.ranking.complements import Pair
from competition.ranking.order import Interval
from competition.results import Predictions

HOSTILE = "<script>alert(1)</script>"
NOTHING = Predictions(np.zeros(0))


@pytest.fixture
def boards(by_hand):
    """Make so many competitions with the same solutions."""

    def make(n, **scores):
        rules = by_hand.rules()
        made = []
        for number in range(n):
            about = rules.competition.model_copy(update={"slug": f"no-{number}"})
            definition = rules.model_copy(update={"competition": about})
            results = [by_hand.result(definition, name, score) for name, score in scores.items()]
            made.append(by_hand.board(definition, *results))
        return made

    return make


def test_the_overview_has_the_overall_board_with_links(by_hand, parsed, boards):
    site = by_hand.site(*boards(2, first=0.8, second=0.7, no=None))
    page = parsed(site["index.html"])
    assert page.count("h2", id="overall") == 1
    assert {"no-0/solutions/first.html", "no-1/solutions/no.html"} <= set(page.all("href"))
    assert all(href in site for href in page.all("href") if href.endswith(".html"))
    assert "failed" in page.text
    assert "No critical-difference diagram: it takes 6 competitions" in page.text


def test_a_single_competition_has_none(by_hand, parsed, boards):
    assert parsed(by_hand.site(*boards(1, first=0.8, second=0.7))["index.html"]).count("h2", id="overall") == 0


def test_the_diagram_is_a_picture_within_the_page(by_hand, parsed, boards):
    pytest.importorskip("scikit_posthocs")
    page = parsed(by_hand.site(*boards(7, first=0.8, second=0.7, third=0.6))["index.html"])
    (source,) = page.all("src")
    kind, content = source.split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b"second" in b64decode(content)
    assert "first" not in page.all("alt")[0]
    assert "Friedman" in page.text


def blend_of(weights, gain):
    return Blend(np.array(weights), (0.8,), 0.8 + gain, 0.8, True, NOTHING, NOTHING)


def test_pairs_and_the_best_blend_stand_on_the_page_of_a_competition(by_hand, parsed):
    rules = by_hand.rules()
    board = by_hand.board(rules, *(by_hand.result(rules, name, score) for name, score in (("one", 0.8), ("two", 0.7))))
    pair = Pair(0, 1, float("nan"), False, (0.8, 0.7), blend_of([0.75, 0.25], 0.05))
    blending = Blending(
        board=board,
        rows=tuple(board.ranked),
        missing=(Missing("three", f"failed {HOSTILE}"),),
        pairs=(pair, Pair(0, 1, 1.0, True, (0.8, 0.7), blend_of([1.0, 0.0], 0.0))),
        best=blend_of([0.75, 0.25], 0.05),
        interval=Interval(0.01, 0.09),
    )
    page = parsed(dict(render([Contest(board, {}, blending)]))["tiny/index.html"])
    assert "The blend is better than the best single solution." in page.text
    assert "+0.0100 to +0.0900" in page.text
    assert "one (75 %), two (25 %)." in " ".join(page.text.split())
    assert "identical" in page.text
    assert "Without three" in page.text
    assert "#blends" in page.all("href")
    without = parsed(dict(render([Contest(board, {})]))["tiny/index.html"])
    assert without.count("h2", id="blends") == 0


def test_why_there_is_no_blend_is_told(by_hand, parsed):
    rules = by_hand.rules()
    board = by_hand.board(rules, *(by_hand.result(rules, name, score) for name, score in (("one", 0.8), ("two", 0.7))))
    blending = Blending(board, tuple(board.ranked), (), reason="F1 is undefined on a fold")
    page = parsed(dict(render([Contest(board, {}, blending)]))["tiny/index.html"])
    assert "No blend: F1 is undefined on a fold." in page.text
    few = Blending(board, (), (), reason="a blend takes two solutions, and there is none")
    assert parsed(dict(render([Contest(board, {}, few)]))["tiny/index.html"]).count("h2", id="blends") == 0
