"""The notebook's door."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

import competition
from competition.api import LoadedCompetition
from competition.repository import Repository
from competition.scaffold import create_competition, create_repository

pytestmark = pytest.mark.usefixtures("kept_pools")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebook") / "class"
    create_repository(folder)
    return folder


@pytest.fixture(scope="module")
def contest(root: Path) -> LoadedCompetition:
    return competition.load("example", start=root)


def test_an_estimator_is_evaluated_by_the_competitions_rules(contest: LoadedCompetition) -> None:
    evaluation = contest.evaluate(DecisionTreeClassifier(random_state=0))
    assert evaluation.score > 0.8
    assert len(evaluation.result.trials) == 8
    text = repr(evaluation)
    assert "DecisionTreeClassifier on example" in text
    assert "F1, held-out private" in text
    page = evaluation._repr_html_()
    assert page.startswith("<table>")
    assert f"{evaluation.score:.4f}" in page


def test_a_bare_estimator_takes_text_and_dates(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    words = np.where(y == 1, "yes", rng.choice(["no", "maybe"], 200))
    days = pd.date_range("2025-01-01", periods=200)
    pd.DataFrame({"word": words, "day": days, "y": y}).to_csv(tmp_path / "t.csv", index=False)
    create_repository(tmp_path / "class")
    create_competition(Repository.find(tmp_path / "class"), "words", tmp_path / "t.csv", "y", time="day")
    contest = competition.load("words", start=tmp_path / "class")
    assert contest.evaluate(DecisionTreeClassifier()).score == 1
    failed = contest.evaluate(DecisionTreeClassifier(), encode=False)
    assert "of 8 trials  error: ValueError: could not convert" in repr(failed)


def test_a_class_of_the_users_own_module_reaches_the_children(
    contest: LoadedCompetition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_helpers.py").write_text(
        "from sklearn.tree import DecisionTreeClassifier\n\n\nclass MyTree(DecisionTreeClassifier):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    my_helpers = importlib.import_module("my_helpers")
    assert contest.evaluate(my_helpers.MyTree(), encode=False).score > 0.8


def test_a_class_instead_of_an_instance_is_refused(contest: LoadedCompetition) -> None:
    with pytest.raises(competition.PodiumError, match=r"takes an instance: DecisionTreeClassifier\(\)"):
        contest.evaluate(DecisionTreeClassifier)


class OpenedHere(ClassifierMixin, BaseEstimator):
    """An estimator that tells in which process it was unpickled."""

    def __setstate__(self, state: dict[str, object]) -> None:
        raise RuntimeError("opened")

    def __getstate__(self) -> dict[str, object]:
        return {"a": 1}


def test_an_estimator_is_opened_in_a_child_alone(contest: LoadedCompetition) -> None:
    evaluation = contest.evaluate(OpenedHere(), jobs=1)
    assert evaluation.score is None
    assert all(trial.failure.type == "error" for trial in evaluation.result.trials)
    assert "failed in 8 of 8 trials" in repr(evaluation)


def test_a_result_from_a_notebook_reaches_no_board(contest: LoadedCompetition, root: Path) -> None:
    before = sorted(root.rglob("*"))
    contest.evaluate(DecisionTreeClassifier(random_state=0))
    assert sorted(root.rglob("*")) == before


def test_data_is_handed_out_as_copies(contest: LoadedCompetition) -> None:
    X = contest.X
    X.loc[:, :] = 0
    contest.y[:] = 0
    assert contest.X["x"].std() > 0
    assert len(np.unique(contest.y)) == 2
    assert list(contest.X_heldout.columns) == list(contest.X.columns)
    assert repr(contest) == "<example: 1,500 train, 500 heldout rows, 3 features>"


def test_public_names_are_lazy_and_others_are_refused() -> None:
    assert competition.__version__
    with pytest.raises(AttributeError):
        competition.no_such_name  # noqa: B018
