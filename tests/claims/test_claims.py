"""Published claims: the tables are what the numbers render, and the wrong protocols are as wrong as they should be."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from claims import __main__ as command
from claims import convlstm, measures, record, resampling, table
from claims.evaluated import UnavailableError, module_of, text_of
from claims.measurements import CLAIMS, MEASUREMENTS, Measurement
from competition.repository import Repository
from competition.solution import read_solution

ROOT = Path(__file__).resolve().parents[2]

needs_deep = pytest.mark.skipif(find_spec("keras") is None or find_spec("jax") is None, reason="needs the extra `deep`")


def test_the_tables_are_those_of_the_numbers_on_record():
    assert table.stale(ROOT, record.read(ROOT)) == []


def test_every_claim_is_measured_and_every_number_has_a_command():
    outcomes = record.read(ROOT)
    assert set(outcomes) == set(MEASUREMENTS)
    assert {one.claim for one in MEASUREMENTS.values()} == set(CLAIMS)
    for name, outcome in outcomes.items():
        assert outcome.command == MEASUREMENTS[name].command
        assert outcome.numbers or outcome.not_again, name
        assert bool(outcome.numbers) == bool(outcome.made_on), name


@pytest.fixture
def documents(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "claims").mkdir()
    for name in table.DOCUMENTS:
        (tmp_path / name).write_text(f"before\n{table.START}\nold\n{table.END}\nafter\n", "utf-8")
    return tmp_path


def test_a_number_that_is_typed_in_is_found(documents, capsys):
    outcome = record.taken(documents, "here", "podium run", {"f1": 0.5, "accuracy": 0.9, "always 0": 0.8})
    record.write(documents, {"kaggle: fair": outcome})
    table.update(documents, record.read(documents))
    assert command.check(documents) == 0
    readme = documents / "README.md"
    text = readme.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    readme.write_text(text.replace("F1 **0.500**", "F1 **0.994**"), "utf-8")
    assert command.check(documents) == 1
    assert "README.md: its table of claims" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["none", f"{table.END} {table.START}", f"{table.START} {table.START} {table.END}"])
def test_markers_that_are_not_right_are_named(text):
    with pytest.raises(ValueError, match=r"README\.md: the markers"):
        table.between(text, "| |", "README.md")


def unavailable(repository):
    raise UnavailableError("the data of lte-anomaly is not here")


def test_what_cannot_be_taken_again_keeps_its_numbers_and_says_why(documents):
    measurement = Measurement("kaggle", "lte-anomaly", "podium run lte-anomaly gentle_boost", unavailable)
    numbers = {"f1": 0.9934, "accuracy": 0.99, "always 0": 0.7}
    earlier = record.Outcome(
        competition="lte-anomaly", command=measurement.command, numbers=numbers, made_on="2026-11-22", commit="f90fe3d"
    )
    record.write(documents, {"kaggle: published": earlier})
    kept = command.outcome_of(Repository(documents), "kaggle: published", measurement)
    assert kept == earlier.model_copy(update={"not_again": "the data of lte-anomaly is not here"})
    shown = table.short({"kaggle: published": kept})
    assert "F1 **0.993** on Kaggle's labelled rows" in shown
    assert "(of 2026-11-22, f90fe3d: the data of lte-anomaly is not here)" in shown


def test_what_was_never_taken_is_no_number(documents):
    measurement = Measurement("kaggle", "lte-anomaly-fair", "podium run lte-anomaly-fair gentle_boost", unavailable)
    outcome = command.outcome_of(Repository(documents), "kaggle: fair", measurement)
    assert "not measured: the data of lte-anomaly is not here" in table.short({"kaggle: fair": outcome})


def test_outcomes_come_back_as_they_were_written(documents):
    outcome = record.taken(documents, "here", "podium run", {"f1": 1 / 3})
    record.write(documents, {"one": outcome})
    assert record.read(documents) == {"one": outcome}
    assert json.loads((documents / record.FILE).read_text("utf-8"))["one"]["numbers"] == {"f1": 0.33333}


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 2, (2, 200))
    found = measures.scores(truth, predicted)
    assert found["f1"] == pytest.approx(f1_score(truth, predicted))
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert found["always 0"] == pytest.approx(1 - truth.mean())


def test_paired_interval_is_students():
    mean, low, high = measures.paired_interval([0.1, 0.2, 0.3])
    assert mean == pytest.approx(0.2)
    assert high - mean == pytest.approx(4.302653 * 0.1 / np.sqrt(3), rel=1e-5)  # Student's t, two degrees of freedom
    assert mean - low == pytest.approx(high - mean)


def test_entries_have_names_of_their_own_and_are_read_as_solutions(tmp_path):
    names = set()
    for pipeline in resampling.PIPELINES:
        for seed in resampling.SEEDS:
            file = tmp_path / f"{pipeline.entry(seed)}.py"
            file.write_text(pipeline.text(seed), "utf-8")
            assert read_solution(file).unmet == []
            names.add(file.name)
    assert len(names) == len(resampling.PIPELINES) * len(resampling.SEEDS)


def test_a_text_that_has_moved_on_is_not_run_in_silence():
    with pytest.raises(ValueError, match="occurs 0 times"):
        text_of("resampled", [("RESAMPLER = 'SMOTE'", "")])


@pytest.mark.parametrize("pipeline", resampling.PIPELINES, ids=lambda one: one.title)
def test_resampling_first_finds_a_signal_in_noise(pipeline, tmp_path, monkeypatch):
    """Labels that no column knows: resampling before the folds makes of them what resampling inside does not."""
    import pandas as pd

    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(600, 4)), columns=list("abcd"))
    y = (rng.random(600) < 0.15).astype(int)
    noise = type("Loaded", (), {"X": X, "y": y})
    monkeypatch.setattr("competition.api.load", lambda slug, start: noise)
    found = resampling.in_plain_libraries(Repository(tmp_path), "noise", pipeline, seed=1)
    assert found["f1"] > 0.7
    assert found["random f1"] < 0.35


@needs_deep
def test_the_convlstm_entry_is_one_of_podiums_with_smote(tmp_path):
    file = tmp_path / f"{convlstm.NAME}.py"
    file.write_text(convlstm.pipeline(Repository(ROOT)), "utf-8")
    solution = read_solution(file)
    assert {requirement.name for requirement in solution.requirements} >= {"imbalanced-learn", "keras", "jax"}
    assert "SMOTE" in solution.metadata.title


@pytest.mark.slow
@needs_deep
def test_the_convlstm_entry_learns_from_windows():
    import pandas as pd

    entry = module_of("entry", convlstm.pipeline(Repository(ROOT)))
    moments = pd.date_range("2019-09-30", periods=400, freq="30min")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, len(entry.COUNTERS))), columns=entry.COUNTERS)
    y = ((np.arange(400) // 20) % 6 == 0).astype(int)
    X["PRBUsageDL"] += 6 * y
    model = entry.make_estimator(0, 1).fit(X.assign(CellName="1ALTE", timestamp=moments), y)
    assert f1_score(y, model.predict(X.assign(CellName="1ALTE", timestamp=moments))) > 0.8
