"""`podium verify` as a user types it, on a small competition that is drawn from its seed."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from competition.dataset import ensure_prepared
from competition.definition import Competition
from competition.repository import Repository
from competition.result_files import write_result

Podium = Callable[..., tuple[int, str, str]]

DATASET = """\
import numpy as np
import pandas as pd


def load(raw, seed, n=400):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    target = (signal + rng.normal(size=n) > 0).astype(int)
    table = {"id": np.arange(n), "at": np.arange(n), "target": target}
    return pd.DataFrame(table | {"a": signal + rng.normal(size=n), "b": signal + rng.normal(size=n)})
"""
SOLUTION = """
import numpy as np

KNOWN = {known}


class Estimator:
    def fit(self, X, y):
        self.cut = np.quantile(self.score(X), 1 - y.mean())
        return self

    def score(self, X):
        return {a} * X["a"].to_numpy() + X["b"].to_numpy()

    def predict(self, X):
        if KNOWN:
            return np.array(KNOWN)[X["at"].to_numpy()]
        return (self.score(X) > self.cut).astype(int)


def make_estimator(random_state, n_threads):
    return Estimator()
"""


@pytest.fixture
def synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_competition: Callable[..., tuple[Repository, Competition]]
) -> tuple[Repository, Competition]:
    """A competition whose table follows from its seed, in a repository that is the working directory."""
    repository, definition = new_competition(tmp_path, data={"group": None, "time": None})
    (repository.data(definition.slug) / "dataset.py").write_text(DATASET)
    monkeypatch.chdir(tmp_path)
    return repository, definition


def labels(home: Path) -> list[int]:
    """Return the target of the committed draw, by ``at``."""
    names: dict[str, object] = {}
    exec(compile((home / "dataset.py").read_text(), "dataset.py", "exec"), names)
    target: list[int] = names["load"](None, 7)["target"].tolist()  # type: ignore[operator]
    return target


@pytest.mark.slow
def test_labels_of_the_committed_draw_are_found_out(
    synthetic: tuple[Repository, Competition], podium: Podium, write_solution: Callable[..., Path]
) -> None:
    repository, definition = synthetic
    for number, weight in enumerate((1.0, 2.0, 0.5)):
        write_solution(repository.root, f"honest_{number}", SOLUTION.format(known=[], a=weight))
    known = labels(repository.data(definition.slug))
    write_solution(repository.root, "labels_inside", SOLUTION.format(known=known, a=1.0))
    code, _, err = podium("run", "--jobs", 1)
    assert code == 0
    shutil.copytree(repository.local_results(definition.slug), repository.leaderboard(definition.slug) / "results")
    assert re.search(r"^evaluating at level \w+: 4 solutions, 12 trials, 1 at a time$", err, re.MULTILINE)

    code, out, err = podium("verify", "--redraw", "--jobs", 1)
    assert code == 1
    assert "small-binary, drawn anew: 1 of 4 fell" in out
    assert re.search(
        r"^verifying on another draw at level \w+: 4 solutions, 12 trials, 1 at a time$", err, re.MULTILINE
    )
    (line,) = (line for line in out.splitlines() if line.endswith("fell") and "drawn anew" not in line)
    assert "labels_inside" in line
    assert "1.0000" in line

    honest = [f"honest_{number}" for number in range(3)]
    code, out, _ = podium("verify", "small-binary", *honest, "--redraw", "--json", "--jobs", 1)
    assert code == 0
    assert {one["name"]: one["fell"] for one in json.loads(out)} == dict.fromkeys(honest, False)
    assert all(one["interval"] for one in json.loads(out))

    code, out, err = podium("verify", "small-binary", "honest_0", "--jobs", 50)
    assert (code, "1 identical" in out) == (0, True)
    # No more workers start than there are trials.
    assert re.search(r"^verifying at level \w+: 1 solution, 3 trials, 3 at a time$", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("scores", "n_clusters", "said"),
    [
        ((0.7, 0.8, 0.9), 6, "scores rest on 6 clusters of rows (by row); 10 or more clusters are needed"),
        ((0.7, 0.8, 0.9), 0, "scores rest on no sums that a spread follows from"),
        ((0.7, 0.8, None), 20, "2 of 3 solutions have a score; 3 or more are needed to compare"),
        ((0.7, 0.8), 20, "2 of 2 solutions have a score"),
    ],
)
def test_where_a_new_draw_could_tell_nothing_none_is_made(
    synthetic: tuple[Repository, Competition],
    podium: Podium,
    write_solution: Callable[..., Path],
    make_result: Callable[..., object],
    scores: tuple[float | None, ...],
    n_clusters: int,
    said: str,
) -> None:
    repository, definition = synthetic
    data = ensure_prepared(repository, definition).data
    counts = np.full((n_clusters, 4), 10).tolist()
    for number, score in enumerate(scores):
        write_solution(repository.root, f"s{number}", SOLUTION.format(known=[], a=1.0))
        result = make_result(f"s{number}", score, counts=counts, rules=definition.rules, data=data)
        write_result(result, repository.leaderboard(definition.slug) / "results")

    code, out, err = podium("verify", "--redraw")

    assert (code, out) == (2, "")
    assert err.startswith("podium: --redraw: nothing can be said of who falls: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_part_is_not_drawn_anew(synthetic: tuple[Repository, Competition], podium: Podium) -> None:
    code, out, err = podium("verify", "--redraw", "--part", "1/8")

    assert (code, out) == (2, "")
    assert "allowed: one of --part and --redraw" in err
    assert err.count("\n") == 1
