"""The recorded board: files for people and for programs, the same bytes for the same results."""

import csv
import json

import pytest

from competition.board.files import record, to_csv, to_json
from competition.board.table import build
from competition.result_files import read_result
from competition.results import Failure


def read_all(folder):
    return [read_result(path) for path in sorted(folder.glob("*.json"))]


@pytest.fixture
def results(make_result):
    """Two good results and a failed one."""
    failure = Failure(type="bad-output", message="predict returned\n\x1b[31mnan")
    return [
        make_result("first", 0.9123456789, counts=[(40, 5, 3, 12)] * 12),
        make_result("second", 0.8, title='Say "no", ñ', counts=[(38, 7, 5, 10)] * 12),
        make_result("broken", None, failure=failure),
    ]


@pytest.fixture
def board(results, small_definition):
    """Their board."""
    return build(small_definition, results, None)


def test_the_csv_starts_with_rank_solution_and_metrics(board):
    head, *rows = csv.reader(to_csv(board).splitlines())
    assert head[:7] == ["rank", "rank_low", "rank_high", "solution", "f1", "roc_auc", "log_loss"]
    assert [row[:7] for row in rows] == [
        ["1", "1", "1", "first", "0.912346", "0.9", ""],
        ["2", "2", "2", "second", "0.8", "0.9", ""],
        ["", "", "", "broken", "", "", ""],
    ]
    assert head[7:9] == ["f1_heldout_public", "f1_heldout_private"]
    assert all(len(row) == len(head) for row in rows)


def test_the_json_has_everything(board):
    content = json.loads(to_json(board))
    assert content["competition"] == "small-binary"
    assert (content["metric"], content["greater_is_better"]) == ("f1", True)
    first, second, broken = content["rows"]
    low, high = first["interval"]
    assert low <= high
    assert (first["rank_low"], first["rank_high"], first["tied_with_best"]) == (1, 1, True)
    assert second["tied_with_best"] is False
    assert broken["interval"] is broken["rank_low"] is None
    assert second["title"] == 'Say "no", ñ'
    assert broken["rank"] is broken["score"] is None
    assert broken["failure"] == {"type": "bad-output", "message": "predict returned [31mnan"}


def test_what_is_recorded(tmp_path, board, results):
    folder = tmp_path / "leaderboard" / "small-binary"
    record(board, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "chart.svg",
        "leaderboard.csv",
        "leaderboard.json",
        "results",
    ]
    assert read_all(folder / "results") == sorted(results, key=lambda result: result.solution.name)


def test_the_same_board_gives_the_same_bytes(tmp_path, results, small_definition):
    for name, order in (("once", results), ("again", results[::-1])):
        record(build(small_definition, order, None), tmp_path / name)
    once, again = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("once", "again")
    )
    assert once == again


def test_a_board_rebuilt_from_its_files_is_the_same(tmp_path, board, small_definition):
    record(board, tmp_path)
    again = build(small_definition, read_all(tmp_path / "results"), None)
    assert to_json(again) == to_json(board)
    assert to_csv(again) == to_csv(board)


def test_results_of_solutions_that_are_gone_are_removed(tmp_path, board, results, small_definition):
    record(board, tmp_path)
    record(build(small_definition, results[:1], None), tmp_path)
    assert [result.solution.name for result in read_all(tmp_path / "results")] == ["first"]


def test_a_board_of_failures_alone_has_no_chart(tmp_path, board, results, small_definition):
    record(board, tmp_path)
    record(build(small_definition, results[2:], None), tmp_path)
    assert not (tmp_path / "chart.svg").exists()
    assert "chart.svg" not in (tmp_path / "README.md").read_text("utf-8")
