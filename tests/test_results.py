"""Results survive their files, diff well, and a file edited by hand is told in one line and never used."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.errors import PodiumError
from competition.repository import Repository
from competition.result_files import collect_results, read_result, read_results, write_result
from competition.results import Failure, Predictions


def read_all(folder):
    return [read_result(path) for path in sorted(folder.glob("*.json"))]


def test_a_result_survives_its_file(tmp_path, make_result):
    counts = [(40, 5, 3, 12), (31, 2, 8, 19)]
    results = [
        make_result("fine", counts=counts),
        make_result("failed", None, failure=Failure(type="error", message="no ñ", traceback=("line 3, in fit: x",))),
    ]
    for result in results:
        path = write_result(result, tmp_path)
        assert path == tmp_path / f"{result.solution.name}.json"
        assert read_result(path) == result
        text = path.read_text("utf-8")
        write_result(read_result(path), tmp_path)
        assert path.read_text("utf-8") == text
    assert [result.solution.name for result in read_all(tmp_path)] == ["failed", "fine"]
    assert results[0].statistics.array().shape == (1, 2, 4)


def test_the_file_diffs_well(tmp_path, make_result):
    counts = [(40, 5, 3, 12), (31, 2, 8, 19)]
    text = write_result(make_result(counts=counts), tmp_path).read_text("utf-8")
    lines = [line.rstrip(",]}") for line in text.splitlines()]
    trials = [
        json.loads(f"{line}}}" if line.count("{") > line.count("}") else line) for line in lines if '"fold"' in line
    ]
    assert [(trial["part"], trial["fold"]) for trial in trials] == [("cv", 0), ("cv", 1), ("heldout", 0)]
    assert "[40, 5, 3, 12" in lines  # a cluster a line, counts as whole numbers
    content = json.loads(text)
    assert list(content) == ["checksum", *sorted(content.keys() - {"checksum"})]
    assert list(content["provenance"]) == sorted(content["provenance"])
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        pytest.param(lambda text: "", "the file", id="empty"),
        pytest.param(lambda text: text[:100], "the file", id="truncated"),
        pytest.param(lambda text: "<<<<<<< HEAD\n" + text, "the file", id="merge conflict"),
        pytest.param(lambda text: "[]", "the file", id="a list"),
        pytest.param(lambda text: text.replace('"score": 0.8', '"score": "best"'), "score", id="score as text"),
        pytest.param(lambda text: text.replace('"score"', '"scores"'), "score", id="misspelt key"),
        pytest.param(lambda text: text.replace('"seed": 7', '"seed": 7.5', 1), "trials.0.seed", id="half a seed"),
        pytest.param(lambda text: text.replace('"format": 1', '"format": 2'), "format", id="another format"),
    ],
)
def test_a_file_edited_by_hand_gives_one_line(tmp_path, make_result, edit, message):
    path = write_result(make_result(), tmp_path)
    path.write_text(edit(path.read_text("utf-8")), "utf-8")
    with pytest.raises(PodiumError) as caught:
        read_all(tmp_path)
    text = str(caught.value)
    assert text.startswith(f"{path} is not a result; {message}")
    assert "\n" not in text


EDITS = {
    "a score": lambda text: text.replace('"score": 0.8', '"score": 0.9'),
    "a held-out score": lambda text: text.replace('"f1/private": 0.8', '"f1/private": 0.81', 1),
    "a trial's seconds": lambda text: text.replace('"wall_seconds": 2.0', '"wall_seconds": 1.0', 1),
    "a count": lambda text: text.replace("[40, 5, 3, 12]", "[41, 5, 3, 12]"),
    "the author": lambda text: text.replace("Ada L.", "Bob"),
    "the isolation": lambda text: text.replace('"isolation": "none"', '"isolation": "namespaces"'),
    "a space": lambda text: text.replace("[40, 5", "[40,  5"),
    "the checksum": lambda text: re.sub('"checksum": "[0-9a-f]{16}"', f'"checksum": "{"0" * 16}"', text),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_result_edited_by_hand_is_never_used(tmp_path, make_result, edit):
    path = write_result(make_result(counts=[(40, 5, 3, 12)]), tmp_path)
    text = path.read_text("utf-8")
    assert EDITS[edit](text) != text
    path.write_text(EDITS[edit](text), "utf-8")
    found, broken = read_results(tmp_path)
    assert found == {}
    assert broken == {"logistic": "cannot be used: its checksum does not hold: it was edited or damaged"}


def test_a_result_without_a_checksum_is_not_used(tmp_path, make_result):
    path = write_result(make_result(), tmp_path)
    path.write_text(re.sub('"checksum": "[0-9a-f]{16}",\n', "", path.read_text("utf-8")), "utf-8")
    with pytest.raises(PodiumError, match="it has no checksum, so it may have been edited"):
        read_result(path)


@pytest.fixture(scope="module")
def written(tmp_path_factory, make_result):
    return write_result(make_result(counts=[(40, 5, 3, 12)]), tmp_path_factory.mktemp("results"))


@given(st.data())
def test_a_flipped_bit_makes_no_other_result(written, data):
    whole = written.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    content = bytearray(whole)
    content[bit // 8] ^= 1 << bit % 8
    unharmed = read_result(written)
    written.write_bytes(content)
    try:
        assert read_result(written) == unharmed  # white space before the end
    except PodiumError:
        pass
    finally:
        written.write_bytes(whole)


def test_line_ends_of_another_system_change_nothing(tmp_path, make_result):
    result = make_result(counts=[(40, 5, 3, 12)])
    path = write_result(result, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_result(path) == result


def test_a_file_under_another_solutions_name_is_not_used(tmp_path, make_result):
    write_result(make_result("a", 0.9), tmp_path).rename(tmp_path / "b.json")
    assert read_results(tmp_path) == ({}, {"b": "cannot be used: it is the result of 'a'"})


def test_bytes_are_no_result(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\0")
    with pytest.raises(PodiumError, match="is not a result"):
        read_all(tmp_path)


def test_a_local_result_replaces_a_recorded_one(tmp_path, make_result):
    repository = Repository(tmp_path)
    recorded, local = repository.leaderboard("small-binary") / "results", repository.local_results("small-binary")
    assert collect_results(repository, "small-binary").results == ()
    write_result(make_result("a", 0.1), recorded)
    write_result(make_result("b", 0.2), recorded)
    write_result(make_result("b", 0.3), local)
    write_result(make_result("c", 0.4), local)
    found = {result.solution.name: result.score for result in collect_results(repository, "small-binary").results}
    assert found == {"a": 0.1, "b": 0.3, "c": 0.4}


def test_a_result_that_cannot_be_read_is_told_and_hides_no_other(tmp_path, make_result):
    repository = Repository(tmp_path)
    recorded, local = repository.leaderboard("small-binary") / "results", repository.local_results("small-binary")
    write_result(make_result("a", 0.1), recorded)
    write_result(make_result("a", 0.2), local).write_text("{")
    write_result(make_result("b", 0.3), recorded).write_text("{")
    collected = collect_results(repository, "small-binary")
    assert [(result.solution.name, result.score) for result in collected.results] == [("a", 0.1)]
    assert list(collected.unreadable) == ["b"]
    assert "leaderboard/small-binary/results/b.json cannot be used" in collected.unreadable["b"]


def test_failures_are_listed(make_result):
    failure = Failure(type="timeout", message="ran past the limit")
    assert make_result().failures == []
    assert len(make_result(score=None, failure=failure).failures) == 3


# --- predictions ---


def test_ranking_scores():
    values = np.array([0, 1], dtype=np.int32)
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert Predictions(values).ranking_scores() is None
    assert Predictions(values, probabilities, "probability").ranking_scores().tolist() == [0.1, 0.8]
    assert Predictions(values, probabilities[:, 0], "decision").ranking_scores().tolist() == [0.9, 0.2]
    assert Predictions(values, np.full((2, 3), 1 / 3), "probability").ranking_scores().shape == (2, 3)


def test_the_fingerprint_of_predictions_is_of_their_content():
    values = np.array([0, 1, 1], dtype=np.int32)
    scores = np.array([0.1, 0.5, 0.9])
    all_of_them = {
        Predictions(values).fingerprint,
        Predictions(values[::-1]).fingerprint,
        Predictions(values, scores, "decision").fingerprint,
        Predictions(values, scores + 1e-12, "decision").fingerprint,
    }
    assert len(all_of_them) == 4
    assert Predictions(np.repeat(values, 2)[::2]).fingerprint == Predictions(values).fingerprint
    taken = Predictions(values, scores, "decision").take(np.array([2, 0]))
    assert (taken.values.tolist(), taken.scores.tolist(), taken.score_kind) == ([1, 0], [0.9, 0.1], "decision")
