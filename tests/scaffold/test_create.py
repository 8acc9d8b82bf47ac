"""New solutions, competitions and repositories run as they are made."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.dataset import prepare, read_prepared
from competition.definition import Competition, read_competition
from competition.errors import PodiumError
from competition.evaluation.engine import SolutionEnded, TrialEnded
from competition.evaluation.entries import Entry
from competition.manifest import read_manifest
from competition.repository import Repository
from competition.scaffold import create_competition, create_repository, create_solution
from competition.solution import choose_solutions

Evaluated = Callable[..., Iterator[TrialEnded | SolutionEnded]]
Scores = Callable[[Repository, str], dict[str, float | None]]

N = 200


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    create_repository(tmp_path / "class")
    return Repository.find(tmp_path / "class")


def table(**columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = rng.choice(["red", "green", "blue"], N)
    return pd.DataFrame(
        {"size": rng.normal(size=N), "colour": words, "on day": pd.date_range("2025-01-01", periods=N), **columns}
    )


@pytest.fixture
def scores(evaluated: Evaluated) -> Scores:
    """Prepare a competition and evaluate its solutions, on two folds and with one seed."""

    def run(repository: Repository, slug: str) -> dict[str, float | None]:
        rules = repository.data(slug) / "competition.toml"
        text, n_changes = re.subn("n_splits = 5", "n_splits = 2", rules.read_text("utf-8"))
        assert n_changes == 1
        rules.write_text(text.replace("[ranking]", "[ranking]\nn_seeds = 1"), "utf-8")
        definition = read_competition(rules)
        manifest = prepare(repository, definition)
        prepared = read_prepared(repository, definition)
        chosen = choose_solutions(repository, definition, [column.name for column in manifest.columns], [])
        entries = [Entry.of(solution, repository.environments) for solution in chosen]
        results = [event.result for event in evaluated(prepared, entries) if isinstance(event, SolutionEnded)]
        assert not [result.failures for result in results if result.failures]
        return {result.solution.name: result.score for result in results}

    return run


@pytest.mark.parametrize(
    ("target", "task", "options"),
    [
        (np.where(table()["size"] > 0.5, "yes", "no"), "binary", {}),
        (table()["size"].gt(0).map({True: 1.0, False: 0.0}), "binary", {"time": "on day"}),
        (np.array(["a", "b", "c"])[np.digitize(table()["size"], [-0.5, 0.5])], "multiclass", {}),
        (2.5 * table()["size"] + 1, "regression", {"group": "colour"}),
    ],
)
def test_a_competition_made_of_a_csv_runs(
    repository: Repository, tmp_path: Path, scores: Scores, target: object, task: str, options: dict[str, str]
) -> None:
    rows = table(y=target)
    if options.get("group"):
        rows["colour"] = [f"group {number % 12}" for number in range(N)]
    rows.to_csv(tmp_path / "my data.csv", index=False)
    create_competition(repository, "mine", tmp_path / "my data.csv", "y", **options)
    assert read_competition(repository.data("mine") / "competition.toml").task == task
    reached = scores(repository, "mine")
    lower_is_better = task == "regression"
    assert (reached["boosted_trees"] < reached["constant"]) == lower_is_better


def test_semicolons_ids_and_odd_names_are_kept(repository: Repository, tmp_path: Path) -> None:
    rows = table(**{'he said "so"': np.arange(N) % 2, "ID": np.arange(N) + 7})
    rows.to_csv(tmp_path / "odd.csv", index=False, sep=";")
    create_competition(repository, "odd", tmp_path / "odd.csv", 'he said "so"')
    definition = read_competition(repository.data("odd") / "competition.toml")
    assert (definition.data.id, definition.data.target) == ("ID", 'he said "so"')
    prepare(repository, definition)


def made(repository: Repository, tmp_path: Path, content: pd.DataFrame | bytes, **options: str) -> Competition:
    """Make the competition 'mine' of t.csv, and prepare it."""
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.to_csv(index=False).encode())
    create_competition(repository, "mine", path, "y", **options)
    definition = read_competition(repository.data("mine") / "competition.toml")
    prepare(repository, definition)
    return definition


def kinds(repository: Repository) -> dict[str, str]:
    manifest = read_manifest(repository, "mine")
    assert manifest is not None
    return {column.name: column.kind for column in manifest.columns}


def rare(n_rows: int) -> list[str]:
    """Three classes, one of which is rare."""
    return ["rare"] * n_rows + ["a", "b"] * ((N - n_rows) // 2)


def test_columns_that_are_not_plain_are_read(repository: Repository, tmp_path: Path, scores: Scores) -> None:
    flags = [None, *(np.arange(1, N) % 3 == 0)]
    made(repository, tmp_path, table(y=np.arange(N) % 2 == 0, flag=flags, nothing=[None] * N))
    assert kinds(repository) == {"size": "number", "colour": "text", "on day": "text", "flag": "number"}
    assert scores(repository, "mine").keys() == {"constant", "boosted_trees"}


@pytest.mark.parametrize(
    ("ids", "name", "generated"),
    [
        (np.arange(N) * 1.0, "id", False),
        ([f"row {number}" for number in range(N)], "id", False),
        ([None, *range(1, N)], "_id", True),
        (np.arange(N) + 0.5, "_id", True),
        ([1, *range(1, N)], "_id", True),
    ],
)
def test_only_unique_ids_without_gaps_are_ids(
    repository: Repository, tmp_path: Path, ids: object, name: str, generated: bool
) -> None:
    definition = made(repository, tmp_path, table(y=np.arange(N) % 2, id=ids))
    assert definition.data.id == name
    assert ("id" in kinds(repository)) == generated


def test_an_index_without_a_name_is_the_id(repository: Repository, tmp_path: Path) -> None:
    assert made(repository, tmp_path, table(y=np.arange(N) % 2).to_csv().encode()).data.id == "Unnamed: 0"


@pytest.mark.parametrize(
    ("columns", "options", "strategies"),
    [
        ({"y": rare(20)}, {}, ("stratified", "stratified", 5)),
        ({"y": rare(4)}, {}, ("random", "random", 5)),
        ({"g": np.arange(N) % 12}, {"group": "g"}, ("group", "group", 5)),
        ({"g": np.arange(N) % 6 + 10}, {"group": "g"}, ("group", "group", 4)),
        ({"g": np.arange(N) % 3}, {"group": "g"}, ("stratified", "group", 3)),
    ],
)
def test_the_rules_bend_to_few_rows_and_groups(
    repository: Repository,
    tmp_path: Path,
    columns: dict[str, object],
    options: dict[str, str],
    strategies: tuple[str, str, int],
) -> None:
    y = np.random.default_rng(1).integers(0, 2, N)
    definition = made(repository, tmp_path, table(**{"y": y, **columns}), **options)
    assert (definition.split.strategy, definition.cv.strategy, definition.cv.n_splits) == strategies


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_are_found(repository: Repository, tmp_path: Path, encoding: str) -> None:
    rows = table(y=np.arange(N) % 2, Größe=["süß", "groß"] * (N // 2))
    made(repository, tmp_path, rows.to_csv(index=False).encode(encoding))
    definition = read_competition(repository.data("mine") / "competition.toml")
    assert set(read_prepared(repository, definition).train.X["Größe"]) == {"süß", "groß"}


def test_decimal_commas_are_numbers(repository: Repository, tmp_path: Path) -> None:
    rows = table(y=np.arange(N) % 2)
    definition = made(repository, tmp_path, rows.to_csv(index=False, sep=";", decimal=",").encode())
    assert kinds(repository)["size"] == "number"
    prepared = read_prepared(repository, definition)
    read = np.concatenate([prepared.train.X["size"], prepared.heldout.X["size"]])
    np.testing.assert_allclose(np.sort(read), np.sort(rows["size"]))


def test_names_with_any_character_are_kept(repository: Repository, tmp_path: Path) -> None:
    name = "|`\\' <😀>"
    made(repository, tmp_path, table(**{"y": np.arange(N) % 2, name: 1.5}))
    assert name in kinds(repository)


# What happens to the file after the competition was made: what to replace, with what, what is said.
LATER = [
    ("size,colour,on day,y", "size,colour,on day,z", "t.csv has no column 'y'"),
    ("size,", "length,", "t.csv has no column 'size'"),
    ("on day,y", "on day,y,more", "t.csv has an unexpected column 'more'"),
    ("on day,y", "on day,y,y", "t.csv has twice the column 'y'"),
    ("0.25,", "abc,", "t.csv: line 2: column 'size': found 'abc'; allowed: number"),
    ("0.25,", "inf,", "t.csv: line 2: column 'size': found 'inf'; allowed: number"),
    ("2025-01-02,1", "2025-01-02,", "t.csv: line 3: column 'y' has no value here (1 of 200 rows)"),
    ("2025-01-02,1", "2025-01-02,0.5", "t.csv: line 3: column 'y': found '0.5'; allowed: integer"),
    ("2025-01-02,1", "then,1", "t.csv: line 3: column 'on day': found 'then'; allowed: date"),
    ("2025-01-02,1", "2025-01-02,1,1", "t.csv: line 3 has 5 cells, and the header names 4 columns"),
    ("2025-01-02,1", "2025-01-02", "t.csv: line 3 has 3 cells, and the header names 4 columns"),
    ("red", '"red', "t.csv: line 201: unexpected end of data"),
    ("red", "r\udcf6t", "t.csv is not encoded as utf-8-sig: 'utf-8' codec can't decode byte 0xf6"),
]


@pytest.mark.parametrize(("old", "new", "said"), LATER)
def test_a_file_that_changed_is_refused_in_one_line(
    repository: Repository, tmp_path: Path, old: str, new: str, said: str
) -> None:
    rows = table(y=np.arange(N) % 2)
    rows["size"], rows["colour"] = 0.25, ["blue"] * (N - 1) + ["red"]
    definition = made(repository, tmp_path, rows, time="on day")
    raw = repository.data("mine") / "raw" / "t.csv"
    raw.write_bytes(raw.read_text("utf-8").replace(old, new, 1).encode("utf-8", "surrogateescape"))
    with pytest.raises(PodiumError) as refusal:
        prepare(repository, definition)
    assert str(refusal.value).startswith(said)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "size,colour,on day,y\n"])
def test_an_empty_file_is_refused(repository: Repository, tmp_path: Path, content: str) -> None:
    definition = made(repository, tmp_path, table(y=np.arange(N) % 2))
    (repository.data("mine") / "raw" / "t.csv").write_text(content)
    with pytest.raises(PodiumError, match=r"t\.csv is empty: it has no rows"):
        prepare(repository, definition)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "z"}, "has no column 'z'"),
        ({"time": "colour"}, "holds no dates"),
        ({"time": "flat"}, "spans 1 days"),
        ({"group": "colours"}, "did you mean 'colour'?"),
        ({"group": "y"}, "column 'y' is --target already"),
        ({"group": "constant"}, "single group"),
        ({"target": "few"}, "the smallest class has 2 of 200 rows"),
        ({"target": "nothing"}, "column 'nothing' is empty"),
        ({"target": "flat"}, "single value, '2025-01-01'"),
        ({"slug": "Not A Slug"}, "lower-case words"),
        ({"slug": "example"}, "already"),
        ({"data": "absent.csv"}, "does not exist"),
        ({"target": "constant"}, "single value"),
        ({"target": "gaps"}, "t.csv: line 5: column 'gaps' has no value here (1 of 200 rows)"),
    ],
)
def test_what_cannot_become_a_competition_is_refused(
    repository: Repository, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    gaps = [1.0] * 3 + [np.nan] + [0.0, 1.0] * (N // 2 - 2)
    more = {"constant": 1, "gaps": gaps, "few": np.arange(N) < 2, "flat": "2025-01-01", "nothing": None}
    table(y=np.arange(N) % 2, **more).to_csv(tmp_path / "t.csv", index=False)
    asked = {"slug": "mine", "data": "t.csv", "target": "y"} | change
    before = sorted(repository.root.rglob("*"))
    with pytest.raises(PodiumError) as refusal:
        create_competition(repository, asked.pop("slug"), tmp_path / asked.pop("data"), asked.pop("target"), **asked)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert sorted(repository.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "t.csv is empty"),
        (b"a,y\n", "0 rows"),
        (b"PK\0\0", "not text"),
        (b"y\n" + b"0\n1\n" * N, "no column beside 'y'"),
        (b"a,a,y\n" + b"1,2,0\n1,2,1\n" * N, "column 'a' stands twice"),
        (b'"a\nb",y\n' + b"1,0\n1,1\n" * N, "line break"),
        (b"a,y\n" + b"1,0\n1,1\n" * N + b"1,0,3\n", "line 402 has 3 cells"),
        (b"a,y\n" + b"1,0\n1,1\n" * N + b'"1,0\n', "line 402: unexpected end of data"),
        (b"a,y\n" + b"1,0\n1,1\n" * N + b"-inf,0\n", "line 402: column 'a': found '-inf'"),
    ],
)
def test_a_file_that_is_no_table_is_refused(repository: Repository, tmp_path: Path, content: bytes, said: str) -> None:
    before = sorted(repository.root.rglob("*"))
    with pytest.raises(PodiumError) as refusal:
        made(repository, tmp_path, content)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert sorted(repository.root.rglob("*")) == before


def test_a_new_solution_runs_and_is_never_overwritten(repository: Repository, scores: Scores) -> None:
    path = create_solution(repository, "example/my_idea")
    assert path == repository.root / "solutions" / "example" / "my_idea.py"
    assert scores(repository, "example")["my_idea"] > 0.9
    with pytest.raises(PodiumError, match="exists already"):
        create_solution(repository, "example/my_idea")
    for name in ("my_idea", "example/My Idea", "nowhere/my_idea"):
        with pytest.raises(PodiumError):
            create_solution(repository, name)


def test_a_folder_with_files_is_not_made_a_repository(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PodiumError, match="not empty"):
        create_repository(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PodiumError):
        create_repository(tmp_path / "file" / "below")


def test_a_repository_is_made_outside_of_any(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "competition.cli", "new", "repository", "fresh"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert Repository.find(tmp_path / "fresh").slugs == ["example"]
