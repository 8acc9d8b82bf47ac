"""`prepare` and what is read back: labels stay apart, a table that breaks the rules is told in one line."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from competition import prepared_folder as module
from competition.dataset import ensure_prepared, prepare, read_prepared
from competition.definition import Competition
from competition.errors import PodiumError
from competition.manifest import read_manifest, state
from competition.repository import Repository
from competition.submission import read_submission


@pytest.fixture
def refused(tmp_path, new_competition):
    """Prepare a table that breaks the rules, and return the message; nothing may be left behind."""

    def call(table, task="binary", **changes):
        repository, definition = new_competition(tmp_path, task, table=table, **changes)
        home = repository.data(definition.slug)
        before = sorted(home.iterdir())
        with pytest.raises(PodiumError) as caught:
            prepare(repository, definition)
        assert sorted(home.iterdir()) == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return call


# --- what is prepared ---


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_row_is_there_once_with_its_label(prepared_small, make_table, task):
    prepared = prepared_small(task)
    table = make_table(task).set_index("id")
    ids = np.concatenate([prepared.train.id, prepared.heldout.id])
    assert sorted(ids) == sorted(table.index)
    assert len(prepared.heldout.id) == 36
    for part in (prepared.train, prepared.heldout):
        truth = table.loc[part.id]
        labels = np.array(prepared.classes)[part.y] if prepared.classes else part.y
        assert (labels == truth["target"].to_numpy()).all()
        pd.testing.assert_frame_equal(part.X, truth[part.X.columns].reset_index(drop=True))
        assert list(part.X.columns) == ["timestamp", "cell", "order", "x", "gaps", "word"]


def test_the_positive_class_stands_last(prepared_small, make_table):
    table = make_table().assign(target=lambda t: t["target"].map({0: "quiet", 1: "busy"}))
    prepared = prepared_small(table=table, data={"positive": "busy"})
    assert prepared.classes == ["quiet", "busy"]
    assert prepared.train.y.dtype == np.int32


@pytest.mark.parametrize("dtype", ["bool", "category", "Int64", "object", "int8", "boolean"])
def test_classes_of_other_types(prepared_small, make_table, dtype):
    table = make_table()
    target = table["target"].map({0: "no", 1: "yes"}) if dtype == "object" else table["target"]
    positive = {"object": "yes", "bool": True, "boolean": True}.get(dtype, 1)
    prepared = prepared_small(table=table.assign(target=target.astype(dtype)), data={"positive": positive})
    assert prepared.classes[1] == positive
    json.dumps(prepared.classes)
    x = np.concatenate([prepared.train.X["x"], prepared.heldout.X["x"]])
    assert (np.concatenate([prepared.train.y, prepared.heldout.y]) == (x > 0)).all()


def test_a_class_that_only_held_out_rows_have(prepared_small, make_table):
    table = make_table("multiclass")
    table.loc[table.index[-2:], "target"] = "rare"
    prepared = prepared_small("multiclass", table=table, split={"strategy": "time"})
    assert prepared.classes == ["high", "low", "mid", "rare"]
    assert prepared.heldout.y.min() >= 0
    assert (prepared.heldout.y == 3).sum() == 2


@pytest.mark.parametrize("strategy", ["stratified", "random", "group", "time"])
def test_no_label_of_a_held_out_row_is_public(tmp_path, new_competition, make_table, strategy):
    unlabelled = make_table(n=20).drop(columns="target").assign(id=range(20))
    repository, definition = new_competition(
        tmp_path, unlabelled=unlabelled, split={"strategy": strategy, "fraction": 0.5}
    )
    prepare(repository, definition)
    prepared = read_prepared(repository, definition)
    public = repository.prepared(definition.slug) / "public"
    assert sorted(file.name for file in public.iterdir()) == [
        "heldout.parquet",
        "sample_submission.csv",
        "train.parquet",
        "unlabelled.parquet",
    ]
    for name in ("heldout", "unlabelled"):
        assert "target" not in pd.read_parquet(public / f"{name}.parquet").columns
    assert not set(pd.read_parquet(public / "train.parquet")["id"]) & set(prepared.heldout.id)
    assert pd.read_csv(public / "sample_submission.csv")["Label"].nunique() == 1
    if os.name == "posix":
        assert (public.parent / "answers").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("task", "changes"),
    [("binary", {}), ("binary", {"submission": {"kind": "probability"}}), ("multiclass", {}), ("regression", {})],
)
def test_the_sample_is_a_valid_submission(prepared_small, tmp_path, task, changes):
    prepared = prepared_small(task, **changes)
    path = tmp_path / "data" / prepared.definition.slug / "prepared" / "public" / "sample_submission.csv"
    assert read_submission(path, prepared.definition, prepared.heldout.id, prepared.classes).n_rows == 36


def test_text_ids(prepared_small, make_table, tmp_path):
    table = make_table().assign(id=lambda t: "r" + t["id"].astype(str))
    prepared = prepared_small(table=table)
    sample = tmp_path / "data" / "small-binary" / "prepared" / "public" / "sample_submission.csv"
    assert read_submission(sample, prepared.definition, prepared.heldout.id, prepared.classes).n_rows == 36


def test_chosen_features_and_no_more(prepared_small, make_table):
    table = make_table()[["id", "x", "gaps", "cell", "timestamp", "target"]]
    prepared = prepared_small(table=table, data={"features": ["gaps", "x"]})
    assert list(prepared.train.X.columns) == ["x", "gaps"]
    assert list(prepared.heldout.X.columns) == ["x", "gaps"]


def test_unlabelled_rows_have_the_features_in_the_same_order(prepared_small, make_table):
    unlabelled = (
        make_table(n=20)
        .drop(columns="target")
        .assign(id=range(20))[["word", "x", "id", "gaps", "cell", "timestamp", "order"]]
    )
    prepared = prepared_small(unlabelled=unlabelled)
    assert prepared.unlabelled.id.tolist() == list(range(20))
    X = prepared.unlabelled.X
    assert list(X.columns) == list(prepared.train.X.columns)
    pd.testing.assert_frame_equal(X, unlabelled[X.columns])


@pytest.mark.parametrize(("cluster", "shape"), [("row", "bin-"), ("group", ""), ("day", "2024-03-0")])
def test_clusters_of_rows(prepared_small, cluster, shape):
    prepared = prepared_small(ranking={"cluster": cluster})
    clusters = prepared.train.cluster
    assert all(name.startswith(shape) for name in clusters.names)
    assert clusters.names.tolist() == sorted(set(clusters.names))
    column = {"group": prepared.train.X["cell"], "day": prepared.train.X["timestamp"].dt.strftime("%Y-%m-%d")}
    if cluster in column:
        assert (clusters.names[clusters.code] == column[cluster].to_numpy()).all()
    else:
        assert len(clusters.names) > 50


def test_the_manifest_tells_what_was_prepared(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    manifest = prepare(repository, definition)
    assert manifest == read_manifest(repository, "small-binary")
    assert manifest.rows == {"train": 108, "heldout": 36, "unlabelled": 0}
    assert manifest.classes == ("0", "1")
    assert sum(manifest.balance["train"].values()) == 108
    kinds = {column.name: (column.kind, column.missing) for column in manifest.columns}
    assert kinds == {
        "timestamp": ("datetime", 0),
        "cell": ("text", 0),
        "order": ("integer", 0),
        "x": ("number", 0),
        "gaps": ("number", 29),
        "word": ("text", 48),
    }
    for fingerprint in (manifest.data, manifest.split):
        assert len(fingerprint) == 16


@pytest.mark.parametrize("whole", [False, True])
def test_the_balance_of_a_regression_is_mean_and_deviation(tmp_path, new_competition, make_table, whole):
    table = make_table("regression")
    table["target"] = table["target"].round().astype(int) if whole else table["target"]
    repository, definition = new_competition(tmp_path, "regression", table=table)
    assert set(prepare(repository, definition).balance["train"]) == {"mean", "standard deviation"}


# --- fingerprints ---


def test_the_same_data_and_rules_have_the_same_fingerprints(tmp_path, new_competition, make_table):
    once = prepare(*new_competition(tmp_path / "a"))
    again = prepare(*new_competition(tmp_path / "b"))
    assert (once.data, once.split) == (again.data, again.split)
    table = make_table()
    table.loc[3, "gaps"] += 1e-9
    assert prepare(*new_competition(tmp_path / "c", table=table)).data != once.data
    other_seed = prepare(*new_competition(tmp_path / "d", competition={"seed": 8}))
    assert other_seed.data == once.data
    assert other_seed.split != once.split


# --- states ---


def test_absent_prepared_and_stale(tmp_path, new_competition, make_table):
    repository, definition = new_competition(tmp_path)
    assert state(repository, definition) == "absent"
    with pytest.raises(PodiumError, match="is not prepared; run `podium prepare small-binary`"):
        read_prepared(repository, definition)
    prepare(repository, definition)
    assert state(repository, definition) == "prepared"

    other = definition.model_copy(update={"cv": definition.cv.model_copy(update={"n_splits": 3})})
    assert state(repository, other) == "stale"
    assert state(repository, retitled(definition)) == "prepared"

    raw = repository.data("small-binary") / "raw" / "table.pkl"
    make_table(n=100).to_pickle(raw)
    assert state(repository, definition) == "stale"
    prepare(repository, definition)
    assert state(repository, definition) == "prepared"

    raw.unlink()  # what was prepared still holds
    assert state(repository, definition) == "prepared"

    source = repository.data("small-binary") / "dataset.py"
    source.write_text(source.read_text() + "\n")
    assert state(repository, definition) == "stale"


@pytest.mark.parametrize("named", ['("../other/dataset.py",)', '["helper.py", "../other/dataset.py"]'])
def test_data_is_stale_when_code_changes_that_its_module_uses(tmp_path, new_competition, named):
    repository, definition = new_competition(tmp_path)
    home = repository.data("small-binary")
    neighbour, further = home.with_name("other") / "dataset.py", home.with_name("other") / "further.py"
    neighbour.parent.mkdir()
    neighbour.write_text('SOURCES = ("further.py", "../small-binary/dataset.py")\n')
    further.write_text("STEP = 1\n")
    (home / "helper.py").touch()
    source = home / "dataset.py"
    source.write_text(f"SOURCES = {named}\n{source.read_text()}")
    prepare(repository, definition)
    for file in (neighbour, further):
        assert state(repository, definition) == "prepared"
        before = file.read_text()
        file.write_text(before + "# another line\n")
        assert state(repository, definition) == "stale"
        file.write_text(before)
    neighbour.unlink()
    assert state(repository, definition) == "stale"


@pytest.mark.parametrize("named", ["make_names()", '"../other/dataset.py"', "(NAME,)", "('a.py', 1)"])
def test_sources_that_cannot_be_read_as_text_are_told_in_one_line(tmp_path, new_competition, named):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    source = repository.data("small-binary") / "dataset.py"
    source.write_text(f"{source.read_text()}\nSOURCES: tuple[str, ...] = {named}\n")
    with pytest.raises(
        PodiumError, match=r"dataset\.py: SOURCES is read without running.*; allowed: a tuple"
    ) as caught:
        state(repository, definition)
    assert "\n" not in str(caught.value)


def test_a_source_that_is_not_there_is_told_before_anything_is_prepared(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    source = repository.data("small-binary") / "dataset.py"
    source.write_text(f'SOURCES = ("../other/datasets.py",)\n{source.read_text()}')
    with pytest.raises(
        PodiumError, match=r"SOURCES: there is no file \.\./other/datasets\.py; allowed: paths relative"
    ):
        prepare(repository, definition)
    assert state(repository, definition) == "absent"


def test_a_word_that_looks_like_sources_changes_nothing(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    source = repository.data("small-binary") / "dataset.py"
    source.write_text(f"# No SOURCES here\nRESOURCES = make = None\n{source.read_text()}")
    prepare(repository, definition)
    assert state(repository, definition) == "prepared"


def test_a_raw_file_may_lie_in_another_competitions_folder(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    home = repository.data("small-binary")
    elsewhere = home.with_name("other")
    (home / "raw").rename(elsewhere)
    source = home / "dataset.py"
    read = 'RAW_FILES = ("../../other/table.pkl",)\n\ndef load(raw, seed):\n    return pd.read_pickle('
    source.write_text(
        f"import pandas as pd\nfrom pathlib import Path\n\n{read}Path({str(elsewhere)!r}) / 'table.pkl')\n"
    )
    prepare(repository, definition)
    assert state(repository, definition) == "prepared"
    os.utime(elsewhere / "table.pkl", (1, 1))
    assert state(repository, definition) == "stale"
    ensure_prepared(repository, definition)
    assert state(repository, definition) == "prepared"


def retitled(definition: Competition) -> Competition:
    about = definition.competition.model_copy(update={"title": "Another"})
    return definition.model_copy(update={"competition": about})


def test_a_broken_manifest_is_absent_data(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    (repository.prepared("small-binary") / "manifest.json").write_text('{"format": 0}')
    assert state(repository, definition) == "absent"
    ensure_prepared(repository, definition)
    assert state(repository, definition) == "prepared"


def test_ensure_prepared_prepares_when_it_must(tmp_path, new_competition, make_table):
    repository, definition = new_competition(tmp_path / "repository")
    elsewhere = tmp_path / "elsewhere"
    shutil.move(repository.data("small-binary") / "raw", elsewhere)
    prepare(repository, definition, elsewhere)
    written = repository.prepared("small-binary") / "manifest.json"
    before = written.stat().st_mtime_ns
    ensure_prepared(repository, definition)
    assert written.stat().st_mtime_ns == before
    make_table(n=100).to_pickle(elsewhere / "table.pkl")
    assert ensure_prepared(repository, definition).rows["train"] == 75


@pytest.mark.parametrize("broken_call", ["np.savez_compressed", "write_text", "_swap"])
def test_an_interrupted_prepare_leaves_the_old_data(tmp_path, new_competition, make_table, monkeypatch, broken_call):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    home = repository.data("small-binary")
    before = {path: path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file() and path.suffix != ".pkl"}
    make_table(n=100).to_pickle(home / "raw" / "table.pkl")

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{module.__name__}.{broken_call}", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(repository, definition)
    after = {path: path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file() and path.suffix != ".pkl"}
    assert after == before
    monkeypatch.undo()
    assert prepare(repository, definition).rows["train"] == 75


# --- files that are not what was prepared ---

READ = [*(f"public/{name}.parquet" for name in ("train", "heldout", "unlabelled")), "answers/key.parquet", "folds.npz"]


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory, new_competition, make_table):
    """A prepared competition that has every file."""
    unlabelled = make_table(n=20).drop(columns="target").assign(id=range(20))
    repository, definition = new_competition(tmp_path_factory.mktemp("prepared"), unlabelled=unlabelled)
    prepare(repository, definition)
    return repository, definition


@pytest.fixture
def with_unlabelled(tmp_path, prepared_once):
    """A copy of a prepared competition that has every file."""
    repository, definition = prepared_once
    return Repository(shutil.copytree(repository.root, tmp_path / "copy")), definition


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    os.truncate(path, path.stat().st_size - 1)


def empty(path):
    os.truncate(path, 0)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("damage", [flip_a_bit, truncate, empty, os.unlink])
def test_a_file_that_is_not_what_was_prepared_is_told_in_one_line(with_unlabelled, name, damage):
    repository, definition = with_unlabelled
    path = repository.prepared(definition.slug) / name
    damage(path)
    with pytest.raises(PodiumError) as caught:
        read_prepared(repository, definition)
    why = f"cannot read {path}: No such file" if damage is os.unlink else f"{path} has changed since it was prepared"
    assert str(caught.value).startswith(why)
    assert str(caught.value).endswith("; run `podium prepare small-binary` again")
    assert "\n" not in str(caught.value)
    prepare(repository, definition)
    assert len(read_prepared(repository, definition).train.id) == 108


def test_features_that_change_after_the_labels_were_read_are_told_too(with_unlabelled):
    prepared = read_prepared(*with_unlabelled)
    flip_a_bit(prepared.heldout.file.path)
    assert len(prepared.train.X) == 108
    with pytest.raises(PodiumError, match=r"heldout\.parquet has changed since it was prepared; run `podium prepare"):
        _ = prepared.heldout.X


def test_features_are_a_data_frame_of_the_callers_own(prepared_small):
    prepared = prepared_small()
    mine = prepared.train.X
    mine.loc[0, "x"] = 1e9
    assert prepared.train.X["x"].max() < 10


# --- two processes at once ---

AT_ONCE = """
import sys
from pathlib import Path
from competition.dataset import ensure_prepared, prepare, read_prepared
from competition.definition import read_competition
from competition.repository import Repository

repository = Repository.find(Path(sys.argv[1]))
definition = read_competition(repository.data("small-binary") / "competition.toml")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    {"prepare": prepare, "ensure": ensure_prepared}[sys.argv[2]](repository, definition)
if sys.argv[2] == "ensure":
    print(len(read_prepared(repository, definition).train.X))
"""
SLOW = """
import time
from pathlib import Path

import pandas as pd


def load(raw, seed):
    with open(Path(__file__).with_name("loads.txt"), "a") as log:
        log.write("load\\n")
    time.sleep(0.3)
    return pd.read_pickle(raw / "table.pkl")
"""


def at_once(root, what, times=1):
    """Begin something in two processes at the same moment; return what each printed."""
    command = [sys.executable, "-c", AT_ONCE, str(root), what, str(times)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    return [out.strip() for out, _ in told]


def test_two_processes_that_need_the_data_at_once_prepare_it_once(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    home = repository.data(definition.slug)
    (home / "dataset.py").write_text(SLOW)
    assert at_once(tmp_path, "ensure") == ["108", "108"]
    assert (home / "loads.txt").read_text() == "load\n"
    assert sorted(path.name for path in home.glob(".*")) == []


def test_two_processes_that_prepare_at_once_do_not_fail_each_other(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    at_once(tmp_path, "prepare", times=10)
    assert state(repository, definition) == "prepared"
    assert len(read_prepared(repository, definition).train.X) == 108
    assert sorted(path.name for path in repository.data(definition.slug).glob(".*")) == []


# --- tables that break the rules ---


def change(make_table, task="binary", **columns):
    return make_table(task).assign(**columns)


@pytest.mark.parametrize("name", ["id", "target", "cell", "timestamp"])
def test_a_missing_column(refused, make_table, name):
    role = {"cell": "group", "timestamp": "time"}.get(name, name)
    message = refused(make_table().drop(columns=name))
    assert message.startswith(f"data/small-binary/dataset.py: data.{role}: there is no column '{name}'")


def test_a_misspelt_column_is_told_with_the_nearest(refused, make_table):
    assert "did you mean 'Target'?" in refused(make_table().rename(columns={"target": "Target"}))


def test_a_missing_feature(refused, make_table):
    message = refused(make_table(), data={"features": ["x", "gap"]})
    assert "data.features: there is no column 'gap'; did you mean 'gaps'?" in message


def test_an_extra_column(refused, make_table):
    message = refused(make_table(), data={"features": ["order", "x", "gaps"]})
    assert "unexpected column 'word'; list it in data.features, or drop it in dataset.py" in message


def test_no_feature_at_all(refused, make_table):
    table = make_table()[["id", "target"]]
    assert "there is no feature column" in refused(table, data={"group": None, "time": None})


def test_a_column_that_stands_twice(refused, make_table):
    table = make_table()
    assert "column 'x' stands twice" in refused(table.set_axis(["x" if c == "order" else c for c in table], axis=1))


def test_columns_without_names(refused, make_table):
    table = make_table()
    assert "the columns need names, and one is 5" in refused(
        table.set_axis([5 if c == "order" else c for c in table], axis=1)
    )


def test_an_empty_table(refused, make_table):
    assert refused(make_table().iloc[:0]).endswith("the labelled table has no rows")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("id", [1.5] * 144, "data.id: column 'id' holds float64; allowed: whole numbers or text"),
        ("id", [None, *range(143)], "data.id: column 'id' has 1 missing values"),
        ("id", [5, 5, 5, *range(10, 151)], "data.id: id 5 stands twice, and 2 duplicates there are in all"),
        ("id", [True, False] * 72, "data.id: column 'id' holds bool"),
        ("x", [1, "one"] * 72, "column 'x' mixes types (int, str); give it one"),
        ("x", [[1]] * 144, "column 'x' mixes types (list)"),
        ("x", [1.0] * 143 + [np.inf], "column 'x' has infinite values, first at id"),
        ("x", pd.array([1.0, None] * 71 + [np.inf, 2.0], dtype="Float64"), "column 'x' has infinite values"),
        ("timestamp", ["3:00"] * 144, "data.time: column 'timestamp' holds str, not dates with times"),
        ("timestamp", [pd.NaT, *pd.date_range("2024", periods=143)], "data.time: column 'timestamp' has missing"),
        ("cell", [None, "3ALTE"] * 72, "data.group: column 'cell' has missing values, first at id"),
        ("target", [0] * 144, "data.target: column 'target' has a single class, 0"),
        ("target", [0, 1, 2] * 48, "data.target: column 'target' has 3 classes (0, 1, 2), not two"),
        ("target", [0, 2] * 72, "data.positive: found 1; allowed: 0, 2"),
        ("target", ["no", "yes"] * 72, "data.positive: found 1; allowed: 'no', 'yes'"),
        ("target", [0.0, 1.0] * 72, "data.target: column 'target' holds float64; classes are whole numbers or text"),
        ("target", [None, 1, 0, 1] * 36, "data.target: column 'target' has 36 missing values, first at id"),
        ("target", [1, "1"] * 72, "column 'target' mixes types (int, str)"),
        ("target", pd.date_range("2024", periods=2).tolist() * 72, "data.target: column 'target' holds datetime64"),
    ],
)
def test_wrong_values(refused, make_table, column, values, message):
    assert message in refused(make_table().assign(**{column: values}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "2"] * 72, "holds str; regression needs numbers"),
        ([True, False] * 72, "holds bool; regression needs numbers"),
        ([1.0, np.inf] * 72, "has infinite values"),
        ([1.0, np.nan] * 72, "has 72 missing values"),
    ],
)
def test_wrong_targets_of_a_regression(refused, make_table, values, message):
    assert message in refused(make_table("regression").assign(target=values), "regression")


def test_missing_values_of_any_kind_are_fine(prepared_small, make_table):
    columns = {
        "nothing": [None] * 144,
        "whole": pd.array([1, None] * 72, dtype="Int64"),
        "number": pd.array([1.5, None] * 72, dtype="Float64"),
        "when": [pd.NaT, pd.Timestamp("2024-01-01")] * 72,
        "kind": pd.Categorical([None, "a"] * 72),
    }
    prepared = prepared_small(table=make_table().assign(**columns))
    assert all(prepared.train.X[name].isna().any() for name in columns)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t.drop(columns="x"), "the unlabelled table has no column 'x'"),
        (lambda t: t.drop(columns="id"), "the unlabelled table has no column 'id'"),
        (lambda t: t.assign(target=1), "the unlabelled table has an unexpected column 'target'"),
        (lambda t: t.iloc[:0], "the unlabelled table has no rows"),
        (lambda t: t.assign(id=1), "stands twice"),
        (lambda t: t.assign(x="1"), "column 'x' holds text in the unlabelled table and number in the labelled one"),
        (lambda t: t.assign(x=np.inf), "column 'x' has infinite values"),
    ],
)
def test_unlabelled_rows_that_do_not_match(refused, make_table, edit, message):
    unlabelled = edit(make_table(n=20).drop(columns="target"))
    assert message in refused(make_table(), unlabelled=unlabelled)


# --- the data set module ---


def with_module(new_competition, root, source):
    repository, definition = new_competition(root)
    (repository.data(definition.slug) / "dataset.py").write_text(source)
    return repository, definition


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def read(): ...", "has no function `load(raw, seed)`"),
        ("def load(raw, seed):\n    return [1]", "load() must return a pandas.DataFrame, not list"),
        ("def load(raw, seed):\n    raise ValueError('line 3 is odd')", "line 3 is odd"),
        ("def load(raw, seed):\n    raise FileNotFoundError('download it from there')", "download it from there"),
        ("def load(raw, seed):\n    open(raw / 'none.csv')", "none.csv does not exist"),
        ("def load(raw, seed):\n    open(raw / 'none.csv')\ndef download(raw):\n    return False", "does not exist"),
    ],
)
def test_what_the_module_says(tmp_path, new_competition, source, message):
    with pytest.raises(PodiumError) as caught:
        prepare(*with_module(new_competition, tmp_path, source))
    assert message in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_no_module(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    (repository.data(definition.slug) / "dataset.py").unlink()
    with pytest.raises(PodiumError, match=r"dataset\.py does not exist"):
        prepare(repository, definition)
    assert state(repository, definition) == "absent"


def test_prepared_data_without_its_module_is_stale(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    (repository.data(definition.slug) / "dataset.py").unlink()
    assert state(repository, definition) == "stale"


def test_a_download_is_tried_once_where_files_are_absent(tmp_path, new_competition):
    source = """
import pandas as pd
from pathlib import Path

def load(raw, seed):
    return pd.read_pickle(raw / "later.pkl")

def download(raw):
    Path(raw / "table.pkl").rename(raw / "later.pkl")
    return True
"""
    assert prepare(*with_module(new_competition, tmp_path, source)).rows["train"] == 108


def test_a_bug_of_the_module_keeps_its_traceback(tmp_path, new_competition):
    with pytest.raises(ZeroDivisionError):
        prepare(*with_module(new_competition, tmp_path, "def load(raw, seed):\n    return 1 / 0"))


def test_raw_is_a_folder(tmp_path, new_competition):
    with pytest.raises(PodiumError, match="is no folder; --raw takes the folder"):
        prepare(*new_competition(tmp_path), tmp_path / "none")


def test_the_seed_reaches_the_module(tmp_path, new_competition, make_table):
    source = "import pandas as pd\n\ndef load(raw, seed):\n    raise ValueError(f'seed {seed}')"
    with pytest.raises(PodiumError, match="seed 7"):
        prepare(*with_module(new_competition, tmp_path, source))
