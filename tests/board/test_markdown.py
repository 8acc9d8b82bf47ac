"""The board as Markdown: a table that renders, failures explained, and no markup from an entrant's text."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from competition.board.markdown import escape, render
from competition.board.table import build
from competition.results import Failure

RENDERER = MarkdownIt("commonmark").enable("table")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![pixel](https://evil.example/a.png)",
    "https://evil.example",
    "www.evil.example",
    "a | b | c",
    "**bold** _it_ ~~no~~ `code`",
    "# heading",
    "- item\n- item",
    "1. item",
    "a\\",
    "&lt;b&gt; &#60;b&#62;",
    "@everyone #1",
    "--- \n===",
    "from $5 to $10, $`x`$, $$y$$",
]


def cells(text):
    """Text of the rendered table, by row."""
    table = re.search(r"<table>.*</table>", RENDERER.render(text), re.DOTALL)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]


def test_the_table(make_result, small_definition):
    failure = Failure(type="memory", message="too much", traceback=("line 3, in fit: np.ones(9)",))
    results = [
        make_result("best", 0.91234, counts=[(40, 5, 3, 12)] * 12),
        make_result("other", 0.8, title="Other", counts=[(38, 7, 5, 10)] * 12),
        make_result("broken", None, title="Broken", failure=failure),
    ]
    head, first, second, last = cells(render(build(small_definition, results, None)))
    assert head == [
        "#",
        "Solution",
        "Authors",
        "F1 (95 % interval)",
        "Held-out public",
        "Held-out private",
        "ROC AUC",
        "Log loss",
        "Fit, s",
        "Predict 1,000 rows, ms",
        "Memory, MB",
    ]
    assert first[0] == "1"
    assert first[1] == '<a href="../../solutions/small-binary/best.py">Logistic regression</a>'
    assert re.fullmatch(r"<strong>0\.9123</strong> \(\d\.\d+–\d\.\d+\)", first[3])
    assert first[4:] == ["0.9123", "0.9123", "0.9000", "–", "1.50", "50.0", "210"]
    assert second[3].startswith("<strong>0.8000</strong> (")
    assert (last[0], last[3]) == ("–", "failed")
    assert len({len(row) for row in (head, first, second, last)}) == 1


def test_the_ranks_that_the_evidence_leaves_open_stand_beside_the_rank(make_result, small_definition):
    board = build(small_definition, [make_result("best", 0.9), make_result("next", 0.8)], None)
    rows = (replace(board.rows[0], rank_low=1, rank_high=2), board.rows[1])
    assert [row[0] for row in cells(render(replace(board, rows=rows)))[1:]] == ["1 (1–2)", "2"]


def test_failures_and_stale_results_are_explained(make_result, small_definition):
    failure = Failure(type="error", message="KeyError: 'x'", traceback=("line 9, in fit: X['x']",))
    results = [make_result("a"), make_result("b"), make_result("broken", None, title="Broken", failure=failure)]
    results.append(make_result("old", competition_version=7))
    html = RENDERER.render(render(build(small_definition, results, None)))
    assert "<h2>Failed</h2>" in html
    assert "<strong>Broken</strong>, 3 of 3 trials: error: KeyError: 'x' (line 9, in fit: X['x'])" in html
    assert "<h2>Stale, not ranked</h2>" in html
    assert "<code>old</code>: made under version 7 of the rules, which are at 1" in html


def test_sections_without_content_are_left_out(make_result, small_definition):
    text = render(build(small_definition, [make_result()], None))
    assert "Failed" not in text
    assert "Stale" not in text
    assert "chart.svg" in text
    assert "chart.svg" not in render(build(small_definition, [], None))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_an_entrant_wrote_shows_as_it_stands(make_result, small_definition, text):
    failure = Failure(type="error", message=text, traceback=(text,))
    results = [
        make_result("a", title=text, authors=[text, text], docstring=text),
        make_result("b", None, title=text, docstring=text, failure=failure),
    ]
    plain = [
        make_result("a", title="x", authors=["x", "x"], docstring="x"),
        make_result(
            "b",
            None,
            title="x",
            docstring="x",
            failure=failure.model_copy(update={"message": "x", "traceback": ("x",)}),
        ),
    ]
    source = render(build(small_definition, results, None))
    html = RENDERER.render(source)
    tags = re.compile(r"<[^>]*>")
    assert tags.findall(html) == tags.findall(RENDERER.render(render(build(small_definition, plain, None))))
    assert "www." not in source  # a code host makes links of these two by itself
    assert "://" not in source
    assert "$" not in source  # nor math of what stands between two of these


@given(st.text(max_size=60))
def test_escaped_text_renders_to_nothing_but_itself(text):
    html = RENDERER.render(f"| a |\n| - |\n| x{escape(text)}x |")
    shown = re.search(r"<td>(.*)</td>", html, re.DOTALL)[1]
    assert "<" not in shown
    assert "\n" not in shown
