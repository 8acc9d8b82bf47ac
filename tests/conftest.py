"""Small repositories in a temporary folder: one competition of each task, whose target follows from a feature."""

import json
import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

# Before OpenMP is loaded: threads of small models wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from competition import api, vault
from competition.cli import verification
from competition.dataset import Prepared, prepare, read_prepared
from competition.definition import Competition, read_competition
from competition.evaluation import claims, workers
from competition.evaluation.control import Runtime
from competition.evaluation.engine import SolutionEnded, TrialEnded, evaluate
from competition.evaluation.entries import Entry, runtimes
from competition.evaluation.sandbox.levels import Level, choose
from competition.evaluation.workers import Pool
from competition.repository import Repository
from competition.results import (
    Failure,
    Provenance,
    Result,
    SolutionCard,
    Statistics,
    TrialRecord,
)
from competition.solution import read_solution

# The same examples each time, so that no pull request fails by chance; `--hypothesis-profile thorough` looks further.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2_000, deadline=None)
settings.load_profile("quick")

N_ROWS = 144
DATASET = """\
import pandas as pd


def load(raw, seed):
    return pd.read_pickle(raw / "table.pkl")
"""
UNLABELLED = """

def load_unlabelled(raw):
    return pd.read_pickle(raw / "unlabelled.pkl")
"""
HEADER = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy"]
# [tool.podium]
# title = "{title}"
# authors = ["Ada L."]
# ///
\"\"\"It says why.\"\"\"

"""
METRICS = {
    "binary": {"primary": "f1", "also": ["roc_auc", "log_loss"]},
    "multiclass": {"primary": "f1", "also": ["log_loss"]},
    "regression": {"primary": "root_mean_squared_error", "also": ["r2"]},
}


@pytest.fixture(scope="session")
def make_rules() -> Callable[..., dict[str, Any]]:
    """Tables of a competition.toml; a keyword adds to the table of its name, or replaces it by None."""

    def make(task: str = "binary", **changes: dict[str, Any] | None) -> dict[str, Any]:
        strategy = "random" if task == "regression" else "stratified"
        tables: dict[str, Any] = {
            "competition": {"slug": f"small-{task}", "title": "Small", "task": task, "seed": 7},
            "data": {"id": "id", "target": "target", "group": "cell", "time": "timestamp"},
            "split": {"strategy": strategy, "fraction": 0.25},
            "cv": {"strategy": strategy, "n_splits": 2},
            "metric": METRICS[task],
            "ranking": {"n_seeds": 1},
        }
        if task == "binary":
            tables["data"]["positive"] = 1
        for name, change in changes.items():
            if change is None:
                tables.pop(name)
            else:
                tables[name] = {k: v for k, v in (tables.get(name, {}) | change).items() if v is not None}
        return tables

    return make


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture(scope="session")
def to_toml() -> Callable[[dict[str, Any]], str]:
    """Text of a competition.toml."""

    def write(tables: dict[str, Any]) -> str:
        lines = []
        for name, table in tables.items():
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()), ""]
        return "\n".join(lines)

    return write


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pd.DataFrame]:
    """Rows whose target follows from column ``x`` alone; six days of hours, four cells, ids out of order."""

    def make(task: str = "binary", n: int = N_ROWS) -> pd.DataFrame:
        rng = np.random.default_rng(3)
        x = rng.normal(size=n)
        word = np.array(["a", "b", None], dtype=object)[np.arange(n) % 3]
        target = {
            "binary": (x > 0).astype(int),
            "multiclass": np.array(["low", "mid", "high"])[np.digitize(x, [-0.5, 0.5])],
            "regression": 3 * x + 10,
        }[task]
        return pd.DataFrame(
            {
                "id": rng.permutation(n) * 2 + 1000,
                "timestamp": pd.date_range("2024-03-01", periods=n, freq="h"),
                "cell": np.array(["3ALTE", "3BLTE", "7ALTE", "9CLTE"])[rng.integers(4, size=n)],
                "order": np.arange(n),
                "x": x,
                "gaps": np.where(np.arange(n) % 5 == 0, np.nan, x),
                "word": pd.array(word, dtype="str"),
                "target": target,
            }
        )

    return make


@pytest.fixture(scope="session")
def new_competition(make_rules, make_table, to_toml) -> Callable[..., tuple[Repository, Competition]]:
    """Write a competition into the repository at `root`, which is made if need be."""

    def new(
        root: Path,
        task: str = "binary",
        *,
        table: pd.DataFrame | None = None,
        unlabelled: pd.DataFrame | None = None,
        **changes: dict[str, Any] | None,
    ) -> tuple[Repository, Competition]:
        rules = make_rules(task, **changes)
        slug = rules["competition"]["slug"]
        raw = root / "data" / slug / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        (root / "pyproject.toml").write_text(f'[tool.podium]\ndefault = "{slug}"\n')
        (raw.parent / "competition.toml").write_text(to_toml(rules))
        (make_table(task) if table is None else table).to_pickle(raw / "table.pkl")
        source = DATASET
        if unlabelled is not None:
            unlabelled.to_pickle(raw / "unlabelled.pkl")
            source += UNLABELLED
        (raw.parent / "dataset.py").write_text(source)
        return Repository.find(root), read_competition(raw.parent / "competition.toml")

    return new


@pytest.fixture
def prepared_small(tmp_path, new_competition) -> Callable[..., Prepared]:
    """Make, prepare and read a small competition in a folder of this test."""

    def make(task: str = "binary", **changes: Any) -> Prepared:
        repository, definition = new_competition(tmp_path, task, **changes)
        prepare(repository, definition)
        return read_prepared(repository, definition)

    return make


@pytest.fixture(scope="session")
def write_solution() -> Callable[..., Path]:
    """Write a solution's file."""

    def write(root: Path, name: str, body: str, slug: str = "small-binary", header: str = HEADER) -> Path:
        path = root / "solutions" / slug / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(header.replace("{title}", name) + body, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def strongest() -> Level:
    """The strongest level of isolation that this machine holds."""
    return choose(None)


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same secrets in each run: they draw public halves and tables, and some draw would fail a test by chance."""
    rng = random.Random(7)
    known = SimpleNamespace(token_hex=lambda size: rng.randbytes(size).hex(), randbelow=rng.randrange)
    # In these two alone: elsewhere secrets are names, which tests that run side by side must not share.
    monkeypatch.setattr(vault, "secrets", known)
    monkeypatch.setattr(verification, "secrets", known)


@pytest.fixture
def own_claims(monkeypatch) -> None:
    """Claims of this test alone, whatever else runs on the machine."""
    monkeypatch.setattr(claims, "NAME", f"podium-test-{uuid4()}")


@pytest.fixture(scope="session")
def worker(strongest) -> Iterator[Pool]:
    """One worker for many tests, since most trials take less time than its start; it claims no core, as others do."""
    with Pool(1, 1, strongest, cpus=[[]]) as pool:
        yield pool


@pytest.fixture(scope="session")
def keep_pool() -> Iterator[Callable[..., AbstractContextManager[Pool]]]:
    """Pools that outlive a command, in the place of `Pool`: their start takes longer than most commands."""
    idle: dict[tuple[int, int, Level, Runtime], Pool] = {}

    @contextmanager
    def kept(jobs: int, threads: int, level: Level, runtime: Runtime) -> Iterator[Pool]:
        wanted = jobs, threads, level, runtime
        with ExitStack() as stack:
            pool = stack.enter_context(idle.pop(wanted, None) or Pool(*wanted, cpus=[[]] * jobs))
            yield pool
            stack.pop_all()  # what an error ends is closed: it may hold trials
        idle[wanted] = pool

    yield kept
    for pool in idle.values():
        pool.__exit__(None, None, None)


@pytest.fixture
def kept_pools(keep_pool, monkeypatch) -> None:
    """Commands and notebooks in this process share their workers."""
    for module in (workers, api):
        monkeypatch.setattr(module, "Pool", keep_pool)


@pytest.fixture(scope="session")
def evaluated(strongest, worker, keep_pool) -> Callable[..., Iterator[TrialEnded | SolutionEnded]]:
    """Evaluate entries without a cache; without other wishes on the common worker, whose events must all be taken."""

    def run(
        prepared: Prepared, entries: list[Entry], jobs: int = 1, level: Level | None = None
    ) -> Iterator[TrialEnded | SolutionEnded]:
        if jobs == 1 and level in (None, strongest):
            yield from evaluate(prepared, entries, worker)
            return
        wanted = jobs, 1, level or strongest, next(iter(runtimes(entries).values()))
        with keep_pool(*wanted) if jobs == 1 else Pool(*wanted) as pool:
            yield from evaluate(prepared, entries, pool)

    return run


@pytest.fixture(scope="session")
def entry_of(tmp_path_factory) -> Callable[[Path], Entry]:
    """Read a solution's file as an entry."""
    environments = tmp_path_factory.mktemp("environments")
    return lambda path: Entry.of(read_solution(path), environments)


@pytest.fixture(scope="session")
def run_all(write_solution, evaluated, entry_of) -> Callable[..., dict[str, Result]]:
    """Evaluate solutions, given by name and text, in one go; return their results by name."""

    def run(
        root: Path, prepared: Prepared, bodies: dict[str, str], jobs: int = 1, level: Level | None = None
    ) -> dict[str, Result]:
        slug = prepared.definition.slug
        entries = [entry_of(write_solution(root, *item, slug=slug)) for item in bodies.items()]
        events = evaluated(prepared, entries, jobs, level)
        return {event.entry.program.name: event.result for event in events if isinstance(event, SolutionEnded)}

    return run


@pytest.fixture(scope="session")
def make_result(make_rules) -> Callable[..., Result]:
    """Make a result by hand, as an evaluation of ``small-binary`` would leave it."""
    rules = Competition.model_validate(make_rules()).rules

    def make(
        name: str = "logistic",
        score: float | None = 0.8,
        *,
        title: str = "Logistic regression",
        authors: Iterable[str] = ("Ada L.",),
        docstring: str = "It says why.",
        failure: Failure | None = None,
        counts: Iterable[Iterable[int]] = (),
        fit_seconds: float = 1.5,
        **provenance: Any,
    ) -> Result:
        metrics = {} if score is None else {"f1": score, "roc_auc": 0.9, "log_loss": None}
        heldout = {f"{key}/{half}": value for key, value in metrics.items() for half in ("public", "private")}
        trials = tuple(
            TrialRecord(
                part=part,
                repeat=0,
                fold=fold,
                seed=7,
                rows_train=80,
                rows_predict=40,
                metrics={} if failure else heldout if part == "heldout" else metrics,
                fit_seconds=fit_seconds,
                predict_seconds=0.002,
                wall_seconds=2.0,
                peak_memory_mb=210.5,
                predictions=None if failure else "0123456789abcdef",
                failure=failure,
            )
            for part, fold in (("cv", 0), ("cv", 1), ("heldout", 0))
        )
        clusters = [tuple(row) for row in counts]
        made_with = {
            "competition_version": 1,
            "rules": rules,
            "data": "d" * 16,
            "split": "e" * 16,
            "child": "c" * 16,
            "scoring": "s" * 16,
            "solution_file": "f" * 16,
            "podium": "0.1.0",
            "python": "3.11.9",
            "platform": "Linux x86_64",
            "numerics": "openblas",
            "packages": {"numpy": "2.1.0"},
            "threads": 1,
            "isolation": "none",
        }
        names = tuple(f"bin-{number:03d}" for number in range(len(clusters)))
        return Result(
            format=1,
            competition="small-binary",
            solution=SolutionCard(
                name=name,
                origin="small-binary",
                title=title,
                authors=tuple(authors),
                tags=("linear",),
                disclosure={},
                docstring=docstring,
            ),
            provenance=Provenance(**(made_with | provenance)),
            score=score,
            metrics=metrics,
            heldout=heldout,
            statistics=Statistics(clusters=names, metric="f1", units=(tuple(clusters),)) if clusters else None,
            confusion=((50, 10), (5, 15)),
            classes=("0", "1"),
            curves={"roc": ((0.0, 0.0), (1.0, 1.0))},
            trials=trials,
        )

    return make


@pytest.fixture
def small_definition(make_rules) -> Competition:
    """Rules of ``small-binary``."""
    return Competition.model_validate(make_rules())
