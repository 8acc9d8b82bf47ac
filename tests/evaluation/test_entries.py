"""What is evaluated, and the kind of worker that it needs."""

import pytest

from competition.evaluation.engine import evaluate
from competition.evaluation.entries import TRIAL, Entry, runtimes
from competition.evaluation.environments import DependencyError, Environment, InstallationError
from competition.evaluation.workers import Pool

BODY = """
{imports}

def make_estimator(random_state, n_threads):
    return None
"""


@pytest.fixture
def entry(tmp_path, write_solution, entry_of):
    """Make an entry that imports something."""

    def make(name: str, imports: str = "") -> Entry:
        return entry_of(write_solution(tmp_path, name, BODY.format(imports=imports)))

    return make


def test_entries_share_a_worker_that_has_imported_for_all_of_them(entry):
    kinds = runtimes([entry("a", "import sklearn.svm"), entry("b", "from lightgbm import LGBMClassifier")])
    assert kinds["a"] == kinds["b"]
    assert {TRIAL, "sklearn.svm", "lightgbm"} <= set(kinds["a"].preload)
    assert kinds["a"].site_packages is None


def test_what_is_no_library_is_not_imported_by_a_worker(entry):
    kinds = runtimes([entry("a", "import antigravity\nimport os\nfrom stranger import thing")])
    assert not {"antigravity", "os", "stranger"} & set(kinds["a"].preload)


def test_programs_and_tests_of_libraries_are_not_imported_by_a_worker(entry):
    traps = ["numpy.f2py.__main__", "sklearn.tests.test_base", "pandas.conftest", "numpy._core", "sklearn.a.b"]
    kinds = runtimes([entry("a", "\n".join(f"import {trap}" for trap in traps))])
    assert not set(traps) & set(kinds["a"].preload)


def test_deep_learning_gets_a_worker_that_has_imported_nothing(entry):
    kinds = runtimes([entry("deep", "import keras\nimport sklearn.svm"), entry("plain", "import sklearn.tree")])
    assert kinds["deep"].preload == (TRIAL,)
    assert "sklearn.svm" not in kinds["plain"].preload


def test_versions_are_those_of_what_is_named_and_of_what_that_needs(entry):
    packages = entry("a", "import sklearn.svm").packages
    assert {"scikit-learn", "scipy", "joblib", "threadpoolctl", "numpy", "pandas", "pyarrow"} <= set(packages)
    assert not {"lightgbm", "imbalanced-learn"} & set(packages)


def test_an_import_inside_a_function_counts_as_one_at_the_top(entry):
    inside = entry("a", "def late():\n    import lightgbm")
    assert {"lightgbm", "scikit-learn"} <= set(inside.packages)
    assert "lightgbm" in runtimes([inside])["a"].preload
    assert runtimes([entry("deep", "def late():\n    import keras")])["deep"].preload == (TRIAL,)


NEEDY = """\
# /// script
# dependencies = ["no-such-distribution>=3"]
# [tool.podium]
# title = "Needy"
# authors = ["Ada L."]
# ///
"""


def test_unmet_requirements_get_packages_of_their_own(tmp_path, write_solution, entry_of, monkeypatch):
    made = Environment(tmp_path / "site-packages", {"no-such-distribution": "3.1"})
    monkeypatch.setattr("competition.evaluation.environments.make_environment", lambda *_: made)
    needy = entry_of(write_solution(tmp_path, "needy", BODY.format(imports=""), header=NEEDY))
    assert needy.packages == {"no-such-distribution": "3.1"}
    kind = runtimes([needy])["needy"]
    assert (kind.preload, kind.site_packages) == ((), str(tmp_path / "site-packages"))


@pytest.mark.parametrize(
    ("error", "kind"), [(DependencyError("no wheel"), "dependency"), (InstallationError("no index"), "infrastructure")]
)
def test_what_cannot_be_installed_is_a_typed_failure(
    tmp_path, write_solution, entry_of, monkeypatch, evaluated, prepared_small, error, kind
):
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("competition.evaluation.environments.make_environment", refuse)
    prepared = prepared_small()
    needy = entry_of(write_solution(tmp_path, "needy", BODY.format(imports=""), header=NEEDY))
    *_, last = evaluated(prepared, [needy])
    assert {trial.failure.type for trial in last.result.trials} == {kind}
    assert last.result.trials[0].failure.message == str(error)
    assert last.result.score is None


def test_a_first_fit_of_scikit_learn_imports_nothing_more(
    tmp_path, write_solution, entry_of, evaluated, prepared_small
):
    body = """
import sys

from sklearn.dummy import DummyClassifier


class Dummy(DummyClassifier):
    def fit(self, X, y):
        before = set(sys.modules)
        super().fit(X, y)
        self.predict(X)
        late = sorted(set(sys.modules) - before)
        assert not late, late
        return self


def make_estimator(random_state, n_threads):
    return Dummy()
"""
    entry = entry_of(write_solution(tmp_path, "dummy", body))
    with Pool(1, 1, "none", runtimes([entry])["dummy"]) as pool:
        *_, last = evaluate(prepared_small(), [entry], pool)
    assert last.result.failures == []
