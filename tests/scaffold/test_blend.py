"""A blend as one file: its members stand in it unharmed, and what would mean something else there is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.definition import Competition
from competition.errors import PodiumError
from competition.metrics import METRICS, Scorer
from competition.repository import Repository
from competition.scaffold.blend import FUNCTIONS, Recipe, blend_source, create_blend
from competition.scaffold.member import as_function_body
from competition.solution import read_solution

HEADER = """\
# /// script
# requires-python = ">=3.11"
# dependencies = [{needs}]
# [tool.podium]
# title = "{title}"
# authors = ["Ada \\"the\\" L."]
# disclosure = {{ external-data = {external} }}
# ///
\"\"\"It says why.

And more.
\"\"\"
"""
# Two members with the same names for other things.
CLASSIFIER = """
from __future__ import annotations

from pathlib import Path

import numpy as np

SLOPE = {slope}
TEXT = '''
  a line that begins within a string
'''


def make_estimator(random_state, n_threads):
    return Model()


class Model:
    def fit(self, X, y):
        X["x"] = X["x"] * 1.0  # its own table
        self.classes_ = np.unique(y)
        self.text = TEXT
        return self

    def predict_proba(self, X):
        steep = 1 / (1 + np.exp(-SLOPE * X["x"].to_numpy()))
        columns = {{self.classes_[0]: 1 - steep, self.classes_[-1]: steep}}
        rest = np.zeros(len(X))
        return np.column_stack([columns.get(label, rest) for label in self.classes_])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
"""
REGRESSOR = """

SLOPE = {slope}


def make_estimator(random_state, n_threads):
    return Model()


class Model:
    def fit(self, X, y):
        return None

    def predict(self, X):
        return SLOPE * X[["x"]].to_numpy()
"""


@pytest.fixture
def solution(tmp_path):
    """Write and read a solution."""

    def write(name, body, needs='"numpy"', external="false"):
        path = tmp_path / "solutions" / "small-binary" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER.format(title=name, needs=needs, external=external) + body)
        return read_solution(path)

    return write


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.podium]\n")
    return Repository.find(tmp_path)


@pytest.fixture
def recipe(make_rules):
    """Make a recipe of members and weights."""

    def make(*members, task="binary", metric="f1", classes=(0, 1), features=("x",), **changes):
        scorer = Scorer(METRICS[metric], len(classes))
        return Recipe(Competition.model_validate(make_rules(task, **changes)), members, scorer, classes, features)

    return make


def loaded(text):
    module = {}
    exec(compile(text, "blend.py", "exec"), module)
    return module


def table(n=200):
    rng = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=n, freq="h")
    return pd.DataFrame({"x": rng.normal(size=n), "cell": rng.integers(5, size=n), "timestamp": days})


def test_members_keep_their_names_apart_and_are_averaged(solution, recipe, repository):
    steep, flat = (solution(name, CLASSIFIER.format(slope=slope)) for name, slope in (("steep", 3), ("flat", 1)))
    path = create_blend(repository, recipe((steep, 0.75), (flat, 0.25)), "mix")
    read = read_solution(path)
    assert read.name == "mix"
    X = table()
    y = (X["x"] > 0.5).astype(int).to_numpy()
    given = X.copy()
    fitted = loaded(read.source)["make_estimator"](random_state=1, n_threads=1).fit(X, y)
    pd.testing.assert_frame_equal(X, given)
    x = X["x"].to_numpy()
    expected = 0.75 / (1 + np.exp(-3 * x)) + 0.25 / (1 + np.exp(-x))
    assert fitted.predict_proba(X)[:, 1] == pytest.approx(expected)
    assert (fitted.predict(X) == y).mean() > 0.97  # one half would be the wrong cut
    assert [member.text for _, member in fitted.members_] == ["\n  a line that begins within a string\n"] * 2


@pytest.mark.parametrize(
    ("cv", "features", "word"),
    [
        ({"strategy": "stratified"}, ("x",), "StratifiedKFold"),
        ({"strategy": "blocks"}, ("x", "timestamp"), 'X["timestamp"]'),
        ({"strategy": "blocks"}, ("x",), "StratifiedKFold"),
        ({"strategy": "group"}, ("x", "cell"), "GroupKFold"),
    ],
)
def test_inner_folds_go_by_what_a_solution_sees(solution, recipe, cv, features, word):
    members = [(solution(name, CLASSIFIER.format(slope=1)), 0.5) for name in ("one", "other")]
    text = blend_source(recipe(*members, features=features, cv=cv))
    assert word in text
    X = table()[list(features)]
    folds = list(loaded(text)["inner_folds"](X, (X["x"] > 0).astype(int).to_numpy(), 1))
    assert sorted(np.concatenate(folds)) == list(range(len(X)))


@pytest.mark.parametrize("metric", ["fbeta", "precision", "recall"])
def test_a_metric_of_labels_finds_its_cut(solution, recipe, metric):
    members = [(solution(name, CLASSIFIER.format(slope=2)), 0.5) for name in ("one", "other")]
    module = loaded(blend_source(recipe(*members, metric=metric)))
    probability = np.random.default_rng(0).random(200)
    cut = module["best_cut"](probability > 0.8, probability)
    assert 0.8 <= cut <= (0.81 if metric == "recall" else 1.0)


def test_scikit_learn_has_a_function_for_every_metric_of_labels():
    from sklearn import metrics

    of_labels = {name for name, one in METRICS.items() if one.needs == "values" and "binary" in one.tasks}
    assert set(FUNCTIONS) == of_labels
    assert all(hasattr(metrics, function) for function, _ in FUNCTIONS.values())


def test_several_classes_and_ranking_metrics_need_no_cut(solution, recipe):
    members = [(solution(name, CLASSIFIER.format(slope=2)), 0.5) for name in ("one", "other")]
    for changes in ({"metric": "roc_auc"}, {"task": "multiclass", "classes": ("low", "mid", "high")}):
        text = blend_source(recipe(*members, **changes))
        assert "best_cut" not in text
        X = table()
        y = np.array(changes.get("classes", (0, 1)))[(X["x"] > 0).astype(int)]
        fitted = loaded(text)["make_estimator"](random_state=1, n_threads=1).fit(X, y)
        assert set(fitted.predict(X)) <= set(changes.get("classes", (0, 1)))


def test_a_regression_averages_columns_too(solution, recipe):
    members = [(solution(f"by_{slope}", REGRESSOR.format(slope=slope)), 0.5) for slope in (1, 3)]
    text = blend_source(recipe(*members, task="regression", metric="root_mean_squared_error", classes=()))
    X = table()
    fitted = loaded(text)["make_estimator"](random_state=1, n_threads=1).fit(X, X["x"].to_numpy())
    assert fitted.predict(X) == pytest.approx(2 * X["x"])


def test_headers_are_brought_together(solution, recipe, repository):
    one = solution("one", CLASSIFIER.format(slope=1), needs='"numpy>=1.2", "Scikit_Learn"', external="true")
    other = solution("other", CLASSIFIER.format(slope=1), needs='"numpy<9", "lightgbm"')
    read = read_solution(create_blend(repository, recipe((one, 0.5), (other, 0.5)), "mix"))
    needs = [str(requirement) for requirement in read.requirements]
    assert needs == ["lightgbm", "numpy<9,>=1.2", "pandas", "scikit-learn"]
    assert read.metadata.authors == ('Ada "the" L.',)
    assert read.metadata.disclosure == {"external-data": True}
    assert {"numpy", "pandas", "sklearn.base"} <= set(read.imports)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("COUNT = 0\n\n\ndef more():\n    global COUNT\n    COUNT += 1\n", "global"),
        ("from math import *\n", "import *"),
        ("def all_of_it():\n    return globals()\n", "globals"),
        ("n = 1\n\n\nclass Model:\n    n = n + 1\n", "a class that both reads and sets n"),
    ],
)
def test_what_means_another_thing_in_a_function_is_refused(solution, body, what):
    odd = solution("odd", "\n" + body + "\n\ndef make_estimator(random_state, n_threads):\n    return None\n")
    with pytest.raises(PodiumError, match=r"odd\.py, line \d+: .*" + what.replace("*", r"\*")):
        as_function_body(odd)


def test_what_cannot_be_written_is_refused_in_one_line(solution, recipe, repository):
    one, other = (solution(name, CLASSIFIER.format(slope=1)) for name in ("one", "other"))
    both = recipe((one, 0.5), (other, 0.5))
    with pytest.raises(PodiumError, match="exists already"):
        create_blend(repository, both, "one")
    with pytest.raises(PodiumError, match="no name for a solution"):
        create_blend(repository, both, "../one")
    with pytest.raises(PodiumError, match="one alone"):
        create_blend(repository, recipe((one, 1.0)), "mix")
    large = solution("large", CLASSIFIER.format(slope=1) + "# " + 62_000 * "x" + "\n")
    with pytest.raises(PodiumError, match="at most 65,536"):
        create_blend(repository, recipe((one, 0.5), (large, 0.5)), "mix")
    assert not (repository.solutions("small-binary") / "mix.py").exists()


def test_every_solution_of_this_repository_can_be_a_member():
    root = Path(__file__).parents[2] / "solutions"
    for path in sorted(root.glob("*/*.py")):
        body = as_function_body(read_solution(path))
        compile(f"def member():\n{body}\n\n    return make_estimator\n", path.name, "exec")
