"""What limits a board is told wherever it is shown: on the terminal, in Markdown, CSV and JSON, and as a page."""

import csv
import io
import json

import pytest
from rich.console import Console

from competition.board import markdown, terminal
from competition.board.files import to_csv, to_json
from competition.board.remarks import remarks, same_predictions
from competition.board.site import Contest, render
from competition.board.table import build
from competition.result_files import read_results, write_result
from competition.results import Failure

COUNTS = [(40, 5, 3, 12)] * 12


def shown(board):
    """Text of a board in every form."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal.render(board, console))
    pages = dict(render([Contest(board, {})]))
    return {
        "terminal": " ".join(console.export_text().split()),
        "markdown": markdown.render(board),
        "csv": to_csv(board),
        "json": to_json(board),
        "site": pages[f"{board.slug}/index.html"],
    }


def state(board):
    """State and reason of each solution in the CSV."""
    return {row["solution"]: (row["state"], row["why"]) for row in csv.DictReader(io.StringIO(to_csv(board)))}


def predicting(made, prints):
    trials = (t.model_copy(update={"predictions": f"{prints}{number:015d}"}) for number, t in enumerate(made.trials))
    return made.model_copy(update={"trials": tuple(trials)})


def without_scores_on(made, metric, fold):
    """The metric is undefined on a fold."""
    trials = tuple(
        t.model_copy(update={"metrics": t.metrics | {metric: None}}) if (t.part, t.fold) == ("cv", fold) else t
        for t in made.trials
    )
    return made.model_copy(update={"trials": trials})


def test_a_metric_that_is_undefined_on_a_fold_is_told_everywhere(make_result, small_definition):
    results = [without_scores_on(make_result(name, counts=COUNTS), "roc_auc", 1) for name in "ab"]
    board = build(small_definition, results, None)
    sentence = "ROC AUC is undefined on 1 of 2 folds, for want of a class there; the others are averaged."
    assert board.remarks == (sentence,)
    texts = shown(board)
    assert all(sentence in texts[form] for form in texts if form != "csv")
    pooled = [without_scores_on(make_result(name), "f1", 1) for name in "ab"]
    assert build(small_definition, pooled, None).remarks == (), "rows of all folds are scored together"


def test_a_score_that_is_undefined_is_marked_and_ranked_last_everywhere(make_result, small_definition):
    undefined = make_result("a").model_copy(update={"score": None})
    board = build(small_definition, [undefined, make_result("b", 0.1, counts=COUNTS)], None)
    assert [(row.name, row.rank) for row in board.rows] == [("b", 1), ("a", None)]
    texts = shown(board)
    assert "a: F1 is undefined for what it returns" in texts["terminal"]
    assert "F1 is undefined for what it returns" in texts["markdown"]
    assert "F1 is undefined for what it returns" in texts["site"]
    assert state(board)["a"] == ("undefined", "the metric is undefined for what it returns")
    assert json.loads(texts["json"])["rows"][1]["state"] == "undefined"


def test_identical_predictions_are_marked_everywhere(make_result, small_definition):
    results = [predicting(make_result(name, counts=COUNTS), prints) for name, prints in zip("abc", "112", strict=True)]
    assert same_predictions(results) == {"a": ("b",), "b": ("a",)}
    board = build(small_definition, results, None)
    assert [row.rank for row in board.rows] == [1, 1, 1]
    texts = shown(board)
    assert "a predicts every row as b" in texts["terminal"]
    assert "predicts every row as `b`" in texts["markdown"]
    assert texts["site"].count("identical predictions") == 2
    assert state(board) == {
        "a": ("ranked", "predicts every row as b"),
        "b": ("ranked", "predicts every row as a"),
        "c": ("ranked", ""),
    }
    assert [row["same_predictions_as"] for row in json.loads(texts["json"])["rows"]] == [["b"], ["a"], []]


def test_solutions_that_failed_are_not_alike(make_result):
    failure = Failure(type="timeout", message="too long")
    assert same_predictions([make_result(name, None, failure=failure) for name in "ab"]) == {}


def test_a_single_solution_has_nobody_to_be_compared_with(make_result, small_definition):
    board = build(small_definition, [make_result("a", counts=COUNTS)], None)
    texts = shown(board)
    assert all("there is nobody to compare it with" in texts[form] for form in texts if form != "csv")
    assert remarks([], small_definition) == ()


def test_too_few_clusters_are_told_everywhere(make_result, small_definition):
    board = build(small_definition, [make_result(name, counts=COUNTS[:4]) for name in "ab"], None)
    texts = shown(board)
    assert all("4 clusters of rows are too few" in texts[form] for form in texts if form != "csv")
    (row, _) = csv.DictReader(io.StringIO(texts["csv"]))
    assert (row["rank_low"], row["interval_low"], row["share_of_firsts"]) == ("", "", "")


@pytest.mark.parametrize(
    ("provenance", "why"),
    [
        ({"data": "0" * 16}, "made on other data"),
        ({"split": "0" * 16}, "made on another split"),
        ({"rules": "0" * 16}, "made under another metric, ranking, rule for predictions or limit"),
    ],
)
def test_a_result_of_something_else_is_told_and_never_ranked_in_any_form(
    make_result, small_definition, provenance, why
):
    old = make_result("old", 0.99, **provenance)
    board = build(small_definition, [make_result("a"), make_result("b"), old], None)
    texts = shown(board)
    assert all(why in text for text in texts.values())
    assert state(board)["old"][0] == "stale"
    assert "0.99" not in "".join(texts[form] for form in ("terminal", "markdown", "csv", "json"))


def test_a_result_that_was_edited_is_named_everywhere_and_used_nowhere(tmp_path, make_result, small_definition):
    for name in "ab":
        path = write_result(make_result(name), tmp_path)
    path.write_text(path.read_text().replace('"score": 0.8', '"score": 0.99'))
    found, broken = read_results(tmp_path)
    board = build(small_definition, found.values(), None, None, broken)
    texts = shown(board)
    assert [row.name for row in board.rows] == ["a"]
    assert all("it was edited or damaged" in text for text in texts.values())
    assert state(board)["b"][0] == "stale"
    assert "0.99" not in "".join(texts[form] for form in ("terminal", "markdown", "csv", "json"))
