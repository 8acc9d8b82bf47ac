"""Several competitions together: who is ranked among whom, what is missing, and how it is shown."""

import io
import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from competition.board.overall import overall_board
from competition.board.overall_diagram import diagram, diagram_note
from competition.board.overall_files import record_overall, render
from competition.board.overall_terminal import render as render_in_terminal
from competition.board.overall_terminal import to_content
from competition.board.table import build
from competition.definition import Competition
from competition.results import Failure

FAILURE = Failure(type="timeout", message="longer than 600 s")


@pytest.fixture
def board(make_rules, make_result):
    """Make a board of solutions, given by name and score; None for one that failed, "stale" for one that is."""

    def make(slug, **scores):
        definition = Competition.model_validate(make_rules(competition={"slug": slug, "title": f"On {slug}"}))
        results = []
        for name, score in scores.items():
            if score == "stale":
                made = make_result(name, 0.99, data="other")
            else:
                made = make_result(name, score, title=f"Title of {name}", failure=None if score else FAILURE)
            results.append(
                made.model_copy(update={"provenance": made.provenance.model_copy(update={"rules": definition.rules})})
            )
        return build(definition, results, None)

    return make


def many(board, n=8):
    """So many competitions in which a is best, and b and c change places."""
    return [board(f"no-{number}", a=0.9, b=0.5 + 0.1 * (number % 2), c=0.55, d=0.1) for number in range(n)]


def shown(rendered):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(rendered)
    return console.export_text()


def test_ranks_are_among_the_solutions_that_boards_share(board):
    one = board("one", alone=0.95, a=0.9, b=0.8, c=0.7)
    two = board("two", c=0.9, b=0.8, a=0.8)
    found = overall_board([one, two])
    assert [row.name for row in found.rows] == ["a", "c", "b"]
    by_name = {row.name: row for row in found.rows}
    assert [place.rank for place in by_name["a"].places] == [1, 2.5]
    assert [place.text for place in by_name["a"].places] == ["1", "2.5"]
    assert by_name["a"].mean_rank == 1.75
    assert by_name["a"].win_rate == pytest.approx((2 + 0.5) / 4)
    assert found.n_alone == 1
    assert "not listed: 1" in found.basis


def test_what_is_missing_failed_or_stale_ranks_last_and_is_marked(board):
    one = board("one", a=0.9, b=0.8, c=0.7, d=0.6)
    two = board("two", a=0.5, b=None, c="stale", d=0.1, e=0.05)
    three = board("three", a=0.5, b=0.4, c=0.3)
    rows = {row.name: row for row in overall_board([one, two, three]).rows}
    assert [place.text for place in rows["b"].places] == ["2", "failed", "2"]
    assert [place.text for place in rows["c"].places] == ["3", "stale", "3"]
    assert [place.text for place in rows["d"].places] == ["4", "2", "–"]
    assert [place.rank for place in rows["b"].places] == [2, 3.5, 2]
    assert rows["d"].places[2].rank == 4
    assert [rows[name].n_competitions for name in "abcd"] == [3, 2, 2, 2]


def test_a_competition_without_ranked_results_does_not_count(board):
    failed = board("no", a=None, b=None)
    found = overall_board([board("one", a=0.9, b=0.8), failed, board("two", a=0.9, b=0.8)])
    assert [one.slug for one in found.boards] == ["one", "two"]
    assert found.rows[0].mean_rank == 1


@pytest.mark.parametrize("others", [[], [{"x": 0.5, "y": 0.4}], [{"a": 0.5, "y": 0.4}]])
def test_nothing_to_compare_is_told_in_one_line(board, others):
    boards = [board("one", a=0.9, b=0.8), *(board("two", **other) for other in others)]
    found = overall_board(boards)
    assert found.rows == ()
    assert found.basis == "No overall board: no two competitions with results share two solutions."
    assert shown(render_in_terminal(found)).strip() == found.basis
    assert found.basis in render(boards, found)
    assert diagram(found) is None


def test_too_few_competitions_have_no_diagram_and_say_so(board):
    found = overall_board(many(board, 5))
    assert found.difference is None
    assert diagram(found) is None
    assert "takes 6 competitions and 3 solutions, and there are 5 and 4" in diagram_note(found)


def test_the_terminal_and_the_json_have_everything(board):
    found = overall_board(many(board))
    text = shown(render_in_terminal(found))
    assert re.search(r"^a +1\.0 +100% +8 ", text, re.MULTILINE)
    content = json.loads(json.dumps(to_content(found)))
    assert content["rows"][0]["solution"] == "a"
    assert content["rows"][0]["places"]["no-0"] == {"state": "ranked", "rank": 1.0}
    assert [sorted(group) for group in content["groups"]] == [["b", "c"]]
    assert content["friedman_p"] < 0.001


def test_the_markdown_lists_the_boards_and_escapes_titles(board, make_rules, make_result, tmp_path):
    one = board("one", a=0.9, b=0.8)
    definition = Competition.model_validate(make_rules(competition={"slug": "two", "title": "Two"}))
    results = [make_result(name, score, title="<b>|x|</b> @all") for name, score in (("a", 0.9), ("b", 0.7))]
    two = build(definition, results, None)
    record_overall([one, two], tmp_path)
    html = MarkdownIt("commonmark").enable("table").render((tmp_path / "README.md").read_text("utf-8"))
    assert "<b>" not in html
    assert 'href="one/README.md"' in html
    assert 'href="../solutions/small-binary/a.py"' in html
    assert html.count("<table>") == 2
    assert not (tmp_path / "overall.svg").exists()


def test_the_diagram_names_each_solution_and_is_the_same_each_time(board, tmp_path):
    pytest.importorskip("scikit_posthocs")
    boards = many(board)
    drawn = diagram(overall_board(boards))
    assert all(f">{name} (" in drawn or f") {name}<" in drawn for name in "abcd")
    assert drawn == diagram(overall_board(boards))
    record_overall(boards, tmp_path)
    assert (tmp_path / "overall.svg").read_text("utf-8") == drawn
    assert "(overall.svg)" in (tmp_path / "README.md").read_text("utf-8")
    record_overall(boards[:3], tmp_path)
    assert not (tmp_path / "overall.svg").exists()


def test_without_the_library_the_diagram_says_what_it_takes(board, monkeypatch):
    monkeypatch.setattr("competition.board.overall_diagram.can_draw", lambda: False)
    found = overall_board(many(board))
    assert diagram(found) is None
    assert "podium[overall]" in diagram_note(found)
