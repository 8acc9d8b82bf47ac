"""Which of the harness's own files decide what: no file is forgotten, and none counts twice."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from competition.evaluation import sources
from competition.evaluation.sources import (
    CHILD_SOURCES,
    CLUSTER_SOURCES,
    INFERENCE_SOURCES,
    ROOT,
    SCORING_SOURCES,
    TRIAL_SOURCES,
    fingerprint,
    this_harness,
)

# What no outcome and no score depends on: where files lie, how mistakes are told, what is told of sources and machines.
TELLS = {
    "competition/errors.py",
    "competition/evaluation/sources.py",
    "competition/evaluation/surroundings.py",
    "competition/repository.py",
}
# The table and the split that it leads to have fingerprints of their own in a result.
LOADS = {"competition/dataset_module.py", "competition/manifest.py"}


def imported(source: str) -> set[str]:
    """Files of the package that a source imports, anywhere, by statement or by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    files = [name.replace(".", "/") + ".py" for name in found if re.fullmatch(r"competition(\.\w+)+", name)]
    return {file for file in files if (ROOT / file).is_file()}


def reached(start: str, but: Iterable[str] = ()) -> set[str]:
    """All files of the package that one imports in turn, itself among them."""
    found: set[str] = set()
    waiting = {start}
    while waiting:
        file = waiting.pop()
        found |= {file, *(f"{folder}/__init__.py" for folder in Path(file).parents[:-1])}
        waiting |= imported((ROOT / file).read_text("utf-8")) - found - set(but)
    return found


def test_the_childs_sources_are_all_of_ours_that_a_trial_imports():
    assert sorted(reached("competition/evaluation/child.py")) == list(CHILD_SOURCES)


def test_the_trials_sources_are_all_of_ours_that_start_confine_and_judge_them():
    harness = reached("competition/evaluation/workers.py", but=TELLS | set(SCORING_SOURCES))
    worker = reached("competition/evaluation/child.py")  # which is started by its name
    assert harness | worker == set(TRIAL_SOURCES)


def test_the_scoring_sources_are_all_of_ours_that_make_folds_and_scores():
    made = reached("competition/evaluation/scoring.py", but=TELLS | LOADS | set(TRIAL_SOURCES))
    assert {file for file in made if not file.endswith("/__init__.py")} == set(SCORING_SOURCES)


def test_the_sources_of_an_inference_are_all_of_ours_that_make_one():
    made = reached("competition/ranking/inference.py", but=TELLS | LOADS | set(SCORING_SOURCES))
    assert {file for file in made if not file.endswith("/__init__.py")} == set(INFERENCE_SOURCES)


@pytest.mark.parametrize("group", [TRIAL_SOURCES, SCORING_SOURCES, INFERENCE_SOURCES, CLUSTER_SOURCES])
def test_a_group_names_files_once_that_are_there(group):
    assert len(set(group)) == len(group)
    assert all((ROOT / name).is_file() for name in group)


def test_no_file_is_in_two_groups():
    groups = [set(TRIAL_SOURCES), set(SCORING_SOURCES), set(INFERENCE_SOURCES), set(CLUSTER_SOURCES)]
    assert len(set.union(*groups)) == sum(map(len, groups))


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy the sources into a folder of this test, which is taken for the harness's."""
    for name in (*TRIAL_SOURCES, *SCORING_SOURCES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    fingerprint.cache_clear()
    yield tmp_path
    fingerprint.cache_clear()


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("competition/evaluation/trial.py", {"child"}),
        ("competition/evaluation/outcomes.py", {"child"}),
        ("competition/evaluation/sandbox/bubblewrap.py", {"child"}),
        ("competition/evaluation/scoring.py", {"scoring"}),
        ("competition/splits.py", {"scoring"}),
    ],
)
def test_another_line_makes_another_harness(copied, file, changed):
    before = this_harness()
    with (copied / file).open("a") as source:
        source.write("# another\n")
    fingerprint.cache_clear()
    after = this_harness()
    assert {name for name in ("child", "scoring") if getattr(before, name) != getattr(after, name)} == changed


def test_a_board_can_be_shown_where_nothing_of_the_sandbox_can_be_imported():
    code = "import sys, competition.evaluation.sources; print([name for name in sys.modules if 'sandbox' in name])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
