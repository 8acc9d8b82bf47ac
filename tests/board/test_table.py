"""What a board shows: the rows, what is stale and why, and entrants' text made harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.numbers import cost, number, signed
from competition.board.table import build
from competition.definition import Competition
from competition.evaluation.sources import Harness
from competition.manifest import Manifest
from competition.results import Failure
from competition.text import clean

CLUSTERS = [(40, 5, 3, 12)] * 12


@pytest.fixture
def manifest():
    """Manifest of the data that `make_result` is made on."""
    return Manifest(
        format=2,
        definition="",
        dataset="",
        raw={},
        data="d" * 16,
        split="e" * 16,
        rows={},
        classes=("0", "1"),
        balance={},
        columns=(),
        files={},
    )


def test_a_row_tells_scores_and_costs(make_result, small_definition, manifest):
    (row,) = build(small_definition, [make_result(counts=CLUSTERS)], manifest).rows
    assert (row.rank, row.name, row.title, row.authors) == (1, "logistic", "Logistic regression", ("Ada L.",))
    assert (row.score, row.heldout_public, row.heldout_private) == (0.8, 0.8, 0.8)
    assert row.metrics == {"f1": 0.8, "roc_auc": 0.9, "log_loss": None}
    assert row.fit_seconds == pytest.approx(1.5)
    assert row.predict_ms == pytest.approx(1000 * 0.002 * 1000 / 40)  # 2 ms for 40 rows
    assert row.peak_memory_mb == 210.5
    assert row.interval is not None
    assert (row.failure, row.failed_trials) == (None, 0)


def test_a_failed_row_tells_why_and_stands_last(make_result, small_definition, manifest):
    failure = Failure(type="timeout", message="ran past the limit of 600 s")
    board = build(small_definition, [make_result("a", None, failure=failure), make_result("z", 0.1)], manifest)
    assert [row.name for row in board.rows] == ["z", "a"]
    (failed,) = board.failed
    assert failed.failure == failure
    assert failed.failed_trials == 3
    assert failed.fit_seconds is None
    assert [row.name for row in board.ranked] == ["z"]


@pytest.mark.parametrize(
    ("provenance", "why"),
    [
        ({"competition_version": 2}, "made under version 2 of the rules, which are at 1"),
        ({"data": "0" * 16}, "made on other data"),
        ({"split": "0" * 16}, "made on another split"),
    ],
)
def test_a_result_of_other_rules_or_data_is_stale_and_never_ranked(
    make_result, small_definition, manifest, provenance, why
):
    old = make_result("old", 0.99, **provenance)
    for known in (manifest, None):
        board = build(small_definition, [make_result("a"), old, make_result("b")], known)
        assert {row.name for row in board.rows} == {"a", "b"}
        ((name, told),) = board.stale
        assert name == "old"
        assert why in told


HERE = Harness(child="c" * 16, scoring="s" * 16)


@pytest.mark.parametrize(
    ("provenance", "why"),
    [
        ({"scoring": "0" * 16}, "scored by another version of the harness (0000000000000000, not ssssssssssssssss)"),
        ({"child": "0" * 16}, "its trials were run by another version of the harness (0000000000000000, not cccc"),
    ],
)
def test_a_result_of_another_harness_is_stale_and_never_ranked_with_the_others(
    make_result, small_definition, manifest, provenance, why
):
    results = [make_result("a"), make_result("old", 0.99, **provenance), make_result("older", 0.98, **provenance)]
    board = build(small_definition, results, manifest, harness=HERE)
    assert [row.name for row in board.rows] == ["a"]
    assert [name for name, _ in board.stale] == ["old", "older"]
    assert why in board.stale[0][1]


def test_results_that_another_harness_has_run_are_ranked_with_each_other(make_result, small_definition, manifest):
    results = [make_result("a", child="1" * 16), make_result("b", child="1" * 16), make_result("c", child="2" * 16)]
    board = build(small_definition, results, manifest, harness=HERE)
    assert {row.name for row in board.rows} == {"a", "b"}
    assert [name for name, _ in board.stale] == ["c"]


def test_isolation_tells_no_harness_from_another(make_result, small_definition, manifest):
    results = [make_result("a", isolation="kernel"), make_result("b", isolation="none")]
    assert len(build(small_definition, results, manifest, harness=HERE).rows) == 2


def test_a_result_without_a_metric_of_today_is_stale(make_result, make_rules, manifest):
    definition = Competition.model_validate(make_rules(metric={"also": ["recall"]}))
    failed = make_result("failed", None, failure=Failure(type="crash", message="gone"))
    board = build(definition, [make_result(), failed], manifest)
    assert board.stale == (("logistic", "made without the metric recall"),)
    assert [row.name for row in board.rows] == ["failed"]


def test_a_changed_file_is_stale_and_one_that_is_gone_left_out(make_result, small_definition, manifest):
    results = [make_result("same"), make_result("changed"), make_result("gone")]
    sources = {"same": "f" * 16, "changed": "0" * 16, "new": "1" * 16}
    board = build(small_definition, results, manifest, sources)
    assert [row.name for row in board.rows] == ["same"]
    assert board.stale == (("changed", "its file has changed since"),)


def test_an_empty_board(small_definition):
    board = build(small_definition, [], None)
    assert board.rows == board.stale == ()
    assert board.ranked == board.failed == []
    assert "higher is better" in board.basis
    assert "No intervals" in board.interval_note
    assert board.trust_note


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["F1", "2-fold cross-validation (stratified folds)", "higher is better"]),
        ({"cv": {"strategy": "blocks"}}, ["blocks of days"]),
        ({"cv": {"n_repeats": 3}}, ["3 repeats"]),
        ({"ranking": {"by": "heldout"}}, ["private half of the held-out rows"]),
        ({"metric": {"primary": "log_loss", "also": []}}, ["Log loss", "lower is better"]),
    ],
)
def test_the_basis_is_told(make_rules, changes, words):
    basis = build(Competition.model_validate(make_rules(**changes)), [], None).basis
    assert all(word in basis for word in words)


# --- text that an entrant wrote ---


@given(st.text())
def test_clean_text_is_one_line_of_visible_characters(text):
    found = clean(text)
    assert len(found.splitlines()) <= 1
    assert found == found.strip()
    assert clean(found) == found
    assert not set(found) & {"\x1b", "\x00", "\x85", "\u202e", "\u2066", "\u200b", "\ufeff"}


def test_clean_text_keeps_letters_of_any_language():
    assert clean("Señal  in\n\t4G — 信号") == "Señal in 4G — 信号"
    assert clean("a\x1b[31mred\u202eevil") == "a[31mredevil"


def test_titles_and_authors_are_cleaned(make_result, small_definition):
    result = make_result(title="A\u202e title\x1b[2J", authors=["B\nob\u200b"])
    (row,) = build(small_definition, [result], None).rows
    assert row.title == "A title[2J"
    assert row.authors == ("B ob",)


def test_numbers():
    assert number(0.123456) == "0.1235"
    assert number(0.123456, 2) == "0.12"
    assert number(None) == cost(None) == "–"
    assert [number(value) for value in (999_999.5, -999_999.5, 1e6, -1e6)] == [
        "999999.5000",
        "-999999.5000",
        "1.000e+06",
        "-1.000e+06",
    ]
    assert [number(value, 2) for value in (1.23449e150, float("inf"), float("nan"))] == ["1.234e+150", "inf", "nan"]
    assert [signed(value) for value in (0.5, -0.5, 1.5e6, -1.5e308)] == [
        "+0.5000",
        "-0.5000",
        "+1.500e+06",
        "-1.500e+308",
    ]
    assert [cost(value) for value in (0.123, 12.34, 1234.5)] == ["0.12", "12.3", "1,234"]
