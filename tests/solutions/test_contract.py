"""Every solution keeps the contract: readable header, docstring, small file; it fits and predicts on tiny data."""

import ast
import importlib.util
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("solutions/*/*.py"))
MAX_BYTES = 64 * 1024

# Fits of these take about a second even on tiny data: several models, or one fitted several times.
SLOW = {"catboost_plain", "catboost_tuned", "cell_profile_lightgbm", "cell_profile_vote", "context_stacking"}
SLOW |= {"balanced_random_forest", "easy_ensemble", "gentle_boost", "hist_gradient_boosting_tuned", "lightgbm_tuned"}
SLOW |= {"soft_voting", "stacking", "threshold_moving", "xgboost_tuned", "lattice_lightgbm"}
SLOW |= {"context_vote", "discriminant_lightgbm", "look_alikes_catboost"}

# A competition's column sets: its own, and those of the competitions that borrow its solutions.
COLUMN_SETS = {
    "cellular-anomaly": ["dated", "undated"],
    "lte-anomaly": ["undated"],
    "lte-anomaly-fair": ["undated"],
}

# Modules whose name is not that of their distribution.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}


@dataclass(frozen=True)
class Trial:
    """What one trial is given, and nothing else."""

    X_train: pd.DataFrame
    y_train: np.ndarray
    X_valid: pd.DataFrame


def read_header(path: Path) -> dict:
    """Read the inline metadata as PEP 723 says, without running the file."""
    block = re.search(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", path.read_text(encoding="utf-8"))
    assert block, f"{path.name} has no '# /// script' block"
    lines = (line.removeprefix("#").removeprefix(" ") for line in block["content"].splitlines())
    return tomllib.loads("\n".join(lines))


def declared_distributions(path: Path) -> set[str]:
    """Names of the distributions in the header, without their versions."""
    return {Requirement(requirement).name for requirement in read_header(path)["dependencies"]}


def third_party_imports(path: Path) -> set[str]:
    """Top-level modules that the file imports anywhere, but for the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a solution is one file: no relative imports"
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names)


def test_there_are_solutions():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
class TestFile:
    """What can be said without running the file."""

    def test_header_is_complete(self, path: Path):
        header = read_header(path)
        assert header["requires-python"].startswith(">=3.")
        assert header["dependencies"]
        podium = header["tool"]["podium"]
        assert podium["title"]
        assert podium["authors"]
        assert podium["disclosure"].keys() == {"external-data", "pretrained"}

    def test_dependencies_name_every_import(self, path: Path):
        imported = {DISTRIBUTIONS.get(name, name) for name in third_party_imports(path)}
        assert imported <= declared_distributions(path)
        assert "competition" not in imported

    def test_docstring_says_why(self, path: Path):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring
        assert len(docstring.split()) >= 10

    def test_file_is_small_and_well_named(self, path: Path):
        assert path.stat().st_size < MAX_BYTES
        assert re.fullmatch(r"[a-z][a-z0-9_]*", path.stem)


def cases() -> list:
    """One case for each solution and each column set that it must work with."""
    found = []
    for path in FILES:
        needs = read_header(path)["tool"]["podium"].get("columns", [])
        for columns in COLUMN_SETS.get(path.parent.name, []):
            if columns == "undated" and "timestamp" in needs:
                continue
            slow = path.stem in SLOW or "keras" in declared_distributions(path)
            marks = [pytest.mark.slow] if slow else []
            found.append(pytest.param(path, columns, id=f"{path.parent.name}/{path.stem}-{columns}", marks=marks))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("path", "columns"), cases())
def test_fit_and_predict(path: Path, columns: str):
    skip_if_missing(path)
    trial = make_trial(columns)
    labels, scores = run(path, trial)

    assert labels.shape == (len(trial.X_valid),)
    assert set(np.unique(labels)) <= {0, 1}
    assert np.isfinite(scores).all()
    if columns == COLUMN_SETS[path.parent.name][0]:  # one column set is enough: the code is the same
        again, scores_again = run(path, trial)
        np.testing.assert_array_equal(labels, again)
        np.testing.assert_array_equal(scores, scores_again)


def run(path: Path, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Fit a new estimator on copies and return its labels and the score of class 1 (zeros where it has none)."""
    estimator = load_module(path).make_estimator(random_state=7, n_threads=1)
    with threadpool_limits(1):  # scikit-learn's own booster takes every core otherwise
        estimator.fit(trial.X_train.copy(), trial.y_train.copy())
        labels = np.asarray(estimator.predict(trial.X_valid.copy()))
    if hasattr(estimator, "predict_proba"):
        probabilities = np.asarray(estimator.predict_proba(trial.X_valid.copy()))
        assert probabilities.shape == (len(labels), 2)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        return labels, probabilities[:, 1]
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(trial.X_valid.copy()))
        assert scores.shape == labels.shape
        return labels, scores
    return labels, np.zeros(len(labels))


@cache
def make_trial(columns: str) -> Trial:
    """Three cells over seven days in the schema of the LTE competitions; the last fifth is to be predicted."""
    rng = np.random.default_rng(20191205)
    times = pd.date_range("2019-03-04", periods=7 * 48, freq="30min")
    cells = [f"{site}{sector}LTE" for site in (1, 10) for sector in "AB"][:3]
    timestamp, cell = (values.ravel() for values in np.meshgrid(times, cells, indexing="ij"))
    n = len(cell)
    unusual = rng.random(n) < 0.2
    load = rng.gamma(2.0, 1.0, n) * np.where(unusual, 2.5, 1.0)
    X = pd.DataFrame({"timestamp": timestamp, "CellName": cell})
    X.insert(0, "Time", X["timestamp"].dt.hour.astype(str) + X["timestamp"].dt.strftime(":%M"))
    scales = {"PRBUsageUL": 4, "PRBUsageDL": 1, "meanThr_DL": 0.3, "meanThr_UL": 0.03, "maxThr_DL": 9, "maxThr_UL": 0.9}
    scales |= {"meanUE_DL": 0.6, "meanUE_UL": 0.3, "maxUE_DL": 2, "maxUE_UL": 1.5}
    for counter, scale in scales.items():
        X[counter] = (scale * load * rng.lognormal(0, 0.3, n)).round(0 if counter.startswith("maxUE") else 3)
    X["maxUE_UL+DL"] = X["maxUE_UL"] + X["maxUE_DL"]
    X.loc[rng.random(n) < 0.02, ["maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]] = np.nan
    if columns == "undated":
        X = X.drop(columns="timestamp")

    first_valid = n * 4 // 5
    train, valid = rng.permutation(first_valid), first_valid + rng.permutation(n - first_valid)
    return Trial(X.iloc[train].reset_index(drop=True), unusual[train].astype(int), X.iloc[valid].reset_index(drop=True))


def skip_if_missing(path: Path) -> None:
    """Skip a solution whose extra dependency is not installed, and say which."""
    modules = {distribution: module for module, distribution in DISTRIBUTIONS.items()}
    for distribution in sorted(declared_distributions(path)):
        if importlib.util.find_spec(modules.get(distribution, distribution)) is None:
            pytest.skip(f"{distribution} is not installed")


@cache
def load_module(path: Path) -> ModuleType:
    """Import a solution by its path."""
    spec = importlib.util.spec_from_file_location(f"solution_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
