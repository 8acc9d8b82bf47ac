"""Two editions of a competition on the overview."""

import pytest

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def boards(by_hand):
    """Make a competition and an edition of it."""

    def make(original, edition, task="binary", title="Title"):
        rules = by_hand.rules(task)
        other = rules.competition.model_copy(update={"slug": "other", "title": HOSTILE, "edition_of": "tiny"})
        made = []
        for definition, scores in ((rules, original), (rules.model_copy(update={"competition": other}), edition)):
            results = [by_hand.result(definition, name, score) for name, score in scores.items()]
            made.append(by_hand.board(definition, *(by_hand.with_card(one, title=title) for one in results)))
        return made

    return make


def test_each_solution_has_a_mark_for_both_scores_and_links(by_hand, parsed, boards):
    scores = {f"entry_{i:02}": 0.9 - i / 100 for i in range(32)}
    original = scores | {"no": 0.95, "late": None}
    edition = {name: score - 0.3 for name, score in scores.items()} | {"no": None, "late": 0.4}
    site = by_hand.site(*boards(original, edition))
    page = parsed(site["index.html"])
    assert page.count("h2", id="edition-other") == 1
    assert page.count("svg", class_="bar dumbbell") == 34
    assert page.count("circle", class_="before") == page.count("circle", class_="after") == 33
    assert page.text.count("-0.3000") == 32
    assert {"other/solutions/entry_31.html", "tiny/solutions/entry_31.html"} <= set(page.all("href"))
    assert all(href in site for href in page.all("href") if href.endswith(".html"))
    assert page.text.index("34 solutions stand on both boards") < page.text.index("Overall")


def test_what_others_wrote_is_shown_as_text(by_hand, parsed, boards):
    page = parsed(by_hand.site(*boards({"a": 0.9}, {"a": 0.5}, title=HOSTILE))["index.html"])
    assert page.text.count("<script>alert(1)</script>") >= 3
    assert "\u202e" not in page.text
    assert page.count("script") == 1


def test_a_score_beyond_the_axis_is_an_arrow_head(by_hand, parsed, boards):
    scores = {f"entry_{i}": 1.0 + i % 2 for i in range(8)}
    site = by_hand.site(*boards(scores | {"dummy": 500.0}, scores | {"dummy": 600.0}, task="regression"))
    page = parsed(site["index.html"])
    assert page.count("path", class_="tip before") == page.count("path", class_="tip after") == 1


def test_nothing_is_shown_before_the_edition_has_results(by_hand, parsed, boards):
    page = parsed(by_hand.site(*boards({"a": 0.9}, {}))["index.html"])
    assert page.count("table", class_="overall editions") == 0
    assert "Two editions" not in page.text
