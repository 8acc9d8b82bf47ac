"""Two editions of a competition: who stands on both boards, in which order, and what is said of the others."""

import pytest
from markdown_it import MarkdownIt

from competition.board.editions import editions_of
from competition.board.overall import overall_board
from competition.board.overall_files import render
from competition.board.table import build
from competition.definition import Competition
from competition.results import Failure

FAILURE = Failure(type="timeout", message="longer than 600 s")
LOG_LOSS = {"primary": "log_loss", "also": []}


@pytest.fixture
def board(make_rules, make_result):
    """Make a board of solutions, given by name and score; None for one that failed, "stale" for one that is."""

    def make(slug, edition_of=None, metric=None, **scores):
        about = {"slug": slug, "title": f"On {slug}", "edition_of": edition_of}
        definition = Competition.model_validate(make_rules(competition=about, metric=metric or {}))
        results = []
        for name, score in scores.items():
            failed = score is None
            made = make_result(name, 0.99 if score == "stale" else score, title=f"<b>|{name}|</b>")
            made = make_result(name, None, title=f"<b>|{name}|</b>", failure=FAILURE) if failed else made
            changes = {"rules": definition.rules} | ({"data": "other"} if score == "stale" else {})
            results.append(
                made.model_copy(update={"provenance": made.provenance.model_copy(update=changes), "competition": slug})
            )
        return build(definition, results, None)

    return make


def shown(two):
    return [(row.name, row.original.shown, row.edition.shown, two.difference(row)) for row in two.rows]


def test_rows_are_by_the_score_on_the_edition_with_the_difference(board):
    one = board("one", a=0.9, b=0.8, c=0.7, d=0.6)
    (two,) = editions_of([one, board("two", "one", a=0.3, b=0.5, c=0.4, e=0.2)])
    assert [row.name for row in two.rows] == ["b", "c", "a"]
    assert [row.original.rank for row in two.rows] == [2, 3, 1]
    assert [row.edition.rank for row in two.rows] == [1, 2, 3]
    assert two.difference(two.rows[0]) == pytest.approx(-0.3)
    assert two.n_alone == (1, 1)
    assert "Not listed: 1 on the original alone and 1 on the edition alone." in two.note
    assert "3 solutions stand on both boards. The median score is 0.8000 on the original and 0.4000" in two.summary
    assert "ranks 3 of 4 on the edition" in two.summary


def test_failed_and_stale_ones_come_last_and_are_marked(board):
    one = board("one", a=0.9, b=None, c="stale", d=0.8, e=0.85, f=None, g="stale")
    (two,) = editions_of([one, board("two", "one", a=0.3, b=0.5, c=0.4, d=None, e="stale", f=None, g="stale")])
    assert shown(two) == [
        ("b", "failed", "0.5000", None),
        ("c", "stale", "0.4000", None),
        ("a", "0.9000", "0.3000", pytest.approx(-0.6)),
        ("e", "0.8500", "stale", None),
        ("d", "0.8000", "failed", None),
        ("f", "failed", "failed", None),
    ]
    assert two.rows[3].edition.ranks == two.rows[4].edition.ranks == "–"


def test_less_is_better_where_it_is(board):
    one = board("one", metric=LOG_LOSS, a=0.1, b=0.2)
    (two,) = editions_of([one, board("two", "one", metric=LOG_LOSS, a=0.9, b=0.8)])
    assert [row.name for row in two.rows] == ["b", "a"]


def test_scores_of_different_metrics_have_no_difference(board):
    one = board("one", metric=LOG_LOSS, a=0.1, b=0.2)
    (two,) = editions_of([one, board("two", "one", a=0.9, b=0.8)])
    assert not two.is_comparable
    assert shown(two) == [("a", "0.1000", "0.9000", None), ("b", "0.2000", "0.8000", None)]
    assert "different metrics" in two.note


@pytest.mark.parametrize(
    ("edition_of", "scores"),
    [
        ("one", {}),
        ("one", {"a": "stale", "y": 0.2, "z": 0.1}),
        ("one", {"a": None}),
        ("one", {"z": 0.4}),
        (None, {"a": 0.4}),
    ],
)
def test_nothing_is_shown_before_the_edition_shares_a_ranked_solution(board, edition_of, scores):
    boards = [board("one", a=0.9, b=0.8), board("two", edition_of, **scores)]
    assert editions_of(boards) == ()
    assert "editions" not in render(boards, overall_board(boards))


def test_an_original_without_results_shows_nothing(board):
    assert editions_of([board("one"), board("two", "one", a=0.9)]) == ()
    assert editions_of([board("two", "one", a=0.9)]) == ()


def test_the_markdown_has_a_table_of_both_and_escapes_titles(board):
    boards = [board("one", a=0.9, b=0.8, c=0.7), board("two", "one", a=0.3, b=0.5, c=None)]
    text = render(boards, overall_board(boards))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<b>" not in html
    assert "Two editions: one and two" in html
    assert 'href="two/README.md"' in html
    line = next(line for line in text.splitlines() if "small-binary/b.py" in line)
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["0.8000", "2", "**0.5000**", "1", "-0.3000"]
    line = next(line for line in text.splitlines() if "small-binary/c.py" in line)
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["0.7000", "3", "failed", "–", "–"]
