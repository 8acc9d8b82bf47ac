"""What pages show, before it becomes HTML."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.site.compare import compare_data, script_json
from competition.board.site.pages import Contest, competition_page, file_names, lines
from competition.board.site.solution import paragraphs
from competition.board.site.trials import fold_heads, fold_scores


@given(st.lists(st.text(max_size=6), max_size=12))
def test_file_names_are_plain_and_no_two_alike(names: list[str]) -> None:
    made = file_names(names)
    assert len({name.lower() for name in made}) == len(names)
    assert all(name.endswith(".html") and "/" not in name and name.isascii() for name in made)


def test_a_solution_keeps_its_name() -> None:
    assert file_names(["lightgbm_tuned", "LightGBM_tuned"]) == ["lightgbm_tuned.html", "LightGBM_tuned-.2.html"]


def test_a_family_is_the_first_tag(by_hand) -> None:
    rules = by_hand.rules()
    made = [by_hand.result(rules, name, 0.8) for name in ("a", "b", "c")]
    tagged = [by_hand.with_card(one, tags=tags) for one, tags in zip(made, [("x", "y"), ("y",), ()], strict=True)]
    page = competition_page(by_hand.board(rules, *tagged))
    assert page.families == (("x", 1), ("y", 1))
    assert page.tags == (("x", 1), ("y", 2))


def test_ranges_of_ranks_are_told_where_they_are_known(by_hand) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, *(by_hand.result(rules, name, 0.8 - i / 10) for i, name in enumerate("abc")))
    ranges = [(1, 2), (2, 2), (None, None)]
    rows = tuple(replace(row, rank_low=a, rank_high=b) for row, (a, b) in zip(board.rows, ranges, strict=True))
    assert [line.ranks for line in lines(replace(board, rows=rows))] == ["1–2", "settled", ""]


def test_how_far_the_order_moves_between_the_halves(by_hand) -> None:
    rules = by_hand.rules()

    def moved(private: list[float]) -> str:
        made = [
            by_hand.result(rules, name, score, heldout={"f1/public": score, "f1/private": other})
            for name, score, other in zip("abc", [0.9, 0.8, 0.7], private, strict=True)
        ]
        scatter = competition_page(by_hand.board(rules, *made)).scatter
        assert scatter is not None
        return scatter.moved

    assert moved([0.6, 0.5, 0.4]).startswith("Both halves put")
    assert "moves 1.3 places on average, 2 at most" in moved([0.4, 0.5, 0.6]).replace("\n", " ")


def test_folds_are_named_in_order_and_a_missing_one_stays_empty(by_hand) -> None:
    rules = by_hand.rules(n_splits=3)
    made = by_hand.result(rules, "a", 0.5)
    few = made.model_copy(update={"trials": tuple(t for t in made.trials if t.fold != 1)})
    assert fold_heads(rules) == ("1", "2", "3")
    assert fold_scores(few, rules) == (0.5, None, pytest.approx(0.52))


def test_many_folds_are_summed_up(by_hand) -> None:
    rules = by_hand.rules(n_splits=5, n_repeats=10)
    scores = dict(zip(fold_heads(rules), fold_scores(by_hand.result(rules, "a", 0.8), rules), strict=True))
    assert scores == pytest.approx({"lowest": 0.8, "median": 0.81, "highest": 0.82})


def test_a_docstring_keeps_its_paragraphs_and_a_very_long_one_is_cut() -> None:
    assert paragraphs("One\ntwo.\n \nThree.\n\n\x1b[1m\n") == ["One two.", "Three.", "[1m"]
    assert len(paragraphs("x" * 60_000)[0]) < 4_010


def test_comparisons_know_what_the_board_knows(by_hand) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, by_hand.result(rules, "a", 0.8), by_hand.result(rules, "b", None))
    data = compare_data(Contest(board, {}), lines(board), None)
    (only,) = data["solutions"]
    assert (only["name"], only["rank"], only["page"]) == ("a", 1, "a.html")
    assert only["cv"] == [0.8, 0.8, 0.8]
    assert only["folds"] == pytest.approx([0.8, 0.81, 0.82, 0.8, 0.81])
    assert data["metrics"][2] == {"title": "Log loss", "greaterIsBetter": False}


@given(st.text())
def test_json_in_a_page_comes_back_and_ends_no_element(text: str) -> None:
    written: Any = script_json({"text": text})
    assert json.loads(written) == {"text": text}
    assert not set("<>&") & set(written)
