"""New solutions, competitions and repositories run as they are made."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.dataset import prepare, read_prepared
from competition.definition import read_competition
from competition.errors import PodiumError
from competition.evaluation.engine import Entry, SolutionEnded, evaluate
from competition.repository import Repository
from competition.scaffold import create_competition, create_repository, create_solution
from competition.solution import choose_solutions

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


def scores(repository: Repository, slug: str) -> dict[str, float | None]:
    """Prepare a competition and evaluate its solutions."""
    definition = read_competition(repository.data(slug) / "competition.toml")
    manifest = prepare(repository, definition)
    prepared = read_prepared(repository, definition)
    chosen = choose_solutions(repository, definition, [column.name for column in manifest.columns], [])
    events = evaluate(prepared, [Entry.of(solution) for solution in chosen], jobs=2)
    results = [event.result for event in events if isinstance(event, SolutionEnded)]
    assert not [result.failures for result in results if result.failures]
    return {result.solution.name: result.score for result in results}


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
    repository: Repository, tmp_path: Path, target: object, task: str, options: dict[str, str]
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "z"}, "has no column 'z'"),
        ({"time": "colour"}, "holds no dates"),
        ({"group": "colours"}, "did you mean 'colour'?"),
        ({"slug": "Not A Slug"}, "lower-case words"),
        ({"slug": "example"}, "already"),
        ({"data": "absent.csv"}, "does not exist"),
        ({"target": "constant"}, "single value"),
        ({"target": "gaps"}, "line 5: the target is missing (in 1 rows)"),
    ],
)
def test_what_cannot_become_a_competition_is_refused(
    repository: Repository, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    gaps = [1.0] * 3 + [np.nan] + [0.0] * (N - 4)
    table(y=np.arange(N) % 2, constant=1, gaps=gaps).to_csv(tmp_path / "t.csv", index=False)
    asked = {"slug": "mine", "data": "t.csv", "target": "y"} | change
    before = sorted(repository.root.rglob("*"))
    with pytest.raises(PodiumError) as refusal:
        create_competition(repository, asked.pop("slug"), tmp_path / asked.pop("data"), asked.pop("target"), **asked)
    assert said in str(refusal.value)
    assert sorted(repository.root.rglob("*")) == before


def test_a_new_solution_runs_and_is_never_overwritten(repository: Repository) -> None:
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


def test_a_repository_is_made_outside_of_any(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "competition.cli", "new", "repository", "fresh"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert Repository.find(tmp_path / "fresh").slugs == ["example"]
