"""Published claims: the tables are what the numbers render, and the wrong protocols are as wrong as they should be."""

import json
import shutil
import subprocess
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from claims import __main__ as command
from claims import convlstm, measures, record, resampling, table
from claims.evaluated import UnavailableError, module_of, text_of
from claims.measurements import CLAIMS, MEASUREMENTS, Measurement
from competition.errors import PodiumError
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
    outcome = record.taken("here", "podium run", {"f1": 0.5, "accuracy": 0.9, "always 0": 0.8}, "f90fe3d")
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
    kept = command.outcome_of(Repository(documents), "kaggle: published", measurement, "f90fe3d")
    assert kept == earlier.model_copy(update={"not_again": "the data of lte-anomaly is not here"})
    shown = table.short({"kaggle: published": kept})
    assert "random folds of Kaggle's labelled rows: F1 **0.993**" in shown
    assert "(of 2026-11-22, f90fe3d: the data of lte-anomaly is not here)" in shown


def test_what_was_never_taken_is_no_number(documents):
    measurement = Measurement("kaggle", "lte-anomaly-fair", "podium run lte-anomaly-fair gentle_boost", unavailable)
    outcome = command.outcome_of(Repository(documents), "kaggle: fair", measurement, "f90fe3d")
    assert "not measured: the data of lte-anomaly is not here" in table.short({"kaggle: fair": outcome})


def test_outcomes_come_back_as_they_were_written(documents):
    outcome = record.taken("here", "podium run", {"f1": 1 / 3}, "f90fe3d")
    record.write(documents, {"one": outcome})
    assert record.read(documents) == {"one": outcome}
    assert json.loads((documents / record.FILE).read_text("utf-8"))["one"]["numbers"] == {"f1": 0.33333}


# --- which commit, and going on after an interruption ---


def git(root, *arguments):
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def committed(documents):
    """A repository whose only commit holds the documents and one source."""
    (documents / "source.py").write_text("ONE = 1\n", "utf-8")
    (documents / ".gitignore").write_text(".podium/\n", "utf-8")
    git(documents, "init", "--quiet")
    git(documents, "add", ".")
    git(documents, "commit", "--quiet", "-m", "All of it")
    return documents


@pytest.fixture
def taken(committed, monkeypatch):
    """Three measurements that count how often each of them is taken."""
    counts = dict.fromkeys(list(MEASUREMENTS)[:3], 0)

    def take(repository, name):
        (repository.root / ".podium").mkdir(exist_ok=True)
        (repository.root / ".podium" / name).touch()
        counts[name] += 1
        return {"f1": 0.5, "accuracy": 0.9, "always 0": 0.8}

    three = {name: replace(MEASUREMENTS[name], take=partial(take, name=name)) for name in counts}
    monkeypatch.setattr(command, "MEASUREMENTS", three)
    return counts


def test_a_run_does_not_make_itself_dirty(committed, taken):
    head = record.commit_of(committed)
    assert not head.endswith("-dirty")
    command.measure(Repository(committed), CLAIMS)
    assert {outcome.commit for outcome in record.read(committed).values()} == {head}
    assert record.commit_of(committed) == f"{head}-dirty"  # for anybody else they have changed
    assert command.check(committed) == 0


def test_a_commit_made_meanwhile_is_not_the_numbers_own(committed, monkeypatch):
    def take(repository):
        (committed / "source.py").write_text("TWO = 2\n", "utf-8")
        git(committed, "commit", "--quiet", "--all", "-m", "Meanwhile")
        return {"f1": 0.5, "accuracy": 0.9, "always 0": 0.8}

    name = next(iter(MEASUREMENTS))
    monkeypatch.setattr(command, "MEASUREMENTS", {name: replace(MEASUREMENTS[name], take=take)})
    before = record.commit_of(committed)
    command.measure(Repository(committed), CLAIMS)
    assert record.read(committed)[name].commit == f"{before}-dirty"


@pytest.mark.parametrize("name", ["source.py", "another.py"])
def test_a_source_that_is_not_in_the_commit_is_told(committed, taken, name):
    (committed / name).write_text("TWO = 2\n", "utf-8")
    command.measure(Repository(committed), CLAIMS)
    assert all(outcome.commit.endswith("-dirty") for outcome in record.read(committed).values())


def test_what_is_no_checkout_has_no_commit(documents, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(documents.parent))
    assert record.commit_of(documents) == record.UNKNOWN


def test_an_interrupted_run_goes_on_and_its_tables_are_those_of_its_numbers(committed, taken, monkeypatch):
    first, second, third = taken

    def interrupted(repository):
        raise KeyboardInterrupt

    stopping = command.MEASUREMENTS | {second: replace(command.MEASUREMENTS[second], take=interrupted)}
    with monkeypatch.context() as patched:
        patched.setattr(command, "MEASUREMENTS", stopping)
        with pytest.raises(KeyboardInterrupt):
            command.measure(Repository(committed), CLAIMS)
    assert command.check(committed) == 0
    command.measure(Repository(committed), CLAIMS)
    assert taken == {first: 1, second: 1, third: 1}
    command.measure(Repository(committed), CLAIMS, fresh=True)
    assert taken == {first: 2, second: 2, third: 2}
    (committed / "source.py").write_text("ONE = 2\n", "utf-8")
    git(committed, "commit", "--quiet", "-am", "Another source")
    command.measure(Repository(committed), CLAIMS)
    assert taken == {first: 3, second: 3, third: 3}


@pytest.mark.parametrize("why", ["dirty", "not again", "never", "other commit"])
def test_what_does_not_stand_is_taken_again(why):
    outcome = record.taken("here", "podium run", {"f1": 0.5}, "f90fe3d-dirty" if why == "dirty" else "f90fe3d")
    outcome = outcome.model_copy(update={"not_again": "no data"} if why == "not again" else {})
    outcome = None if why == "never" else outcome
    commit = {"dirty": "f90fe3d-dirty", "other commit": "1bba5eb"}.get(why, "f90fe3d")
    assert not record.stands(outcome, commit)


def test_missing_data_is_one_line(committed, monkeypatch, capsys):
    """As on a machine that has not Kaggle's files: rules and reader are there, the data is not."""
    for slug in ("lte-anomaly", "lte-anomaly-fair"):
        shutil.copytree(
            ROOT / "data" / slug, committed / "data" / slug, ignore=shutil.ignore_patterns("raw", "prepared")
        )
    (committed / "pyproject.toml").write_text("[tool.podium]\n", "utf-8")
    (committed / "solutions").mkdir()
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    monkeypatch.setattr("shutil.which", lambda *_: None)  # no client of Kaggle's
    command.measure(Repository(committed), ["kaggle"])
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "kaggle: published: the data of lte-anomaly is not here",
        "kaggle: fair: the data of lte-anomaly-fair is not here",
    ]
    assert all("there are no numbers yet (" in line and ".csv is not in " in line for line in lines)
    assert captured.err == ""


def test_a_run_that_fails_is_one_line(committed, monkeypatch, capsys):
    def fails(repository):
        raise PodiumError("`podium run` ended with exit code 2")

    failing = {"kaggle: fair": replace(MEASUREMENTS["kaggle: fair"], take=fails)}
    monkeypatch.setattr(command, "MEASUREMENTS", failing)
    monkeypatch.setattr(Repository, "find", lambda start: Repository(committed))
    monkeypatch.setattr("sys.argv", ["claims", "kaggle"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "`podium run` ended with exit code 2\n"


# --- the protocols ---


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
