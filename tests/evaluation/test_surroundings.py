"""What a trial runs in is told as it is in a trial, whatever the harness's own environment is and has imported."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from competition.evaluation.sources import this_harness
from competition.evaluation.surroundings import surroundings

TELL = """
import importlib, sys

for name in sys.argv[1:]:
    importlib.import_module(name)
from competition.evaluation.surroundings import surroundings

print(surroundings("none").numerics)
"""
OTHER_PROCESSOR = "Nehalem" if platform.machine() == "x86_64" else "ARMV8"
# What NumPy has found beyond what it was built for, the widest last; nothing to disable where it has found nothing.
FOUND = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


def run(code: str, *arguments: str, **variables: str) -> str:
    """Return what another process prints, in this environment but for what would decide NumPy's numerics."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "NPY_", "LD_"))}
    return subprocess.check_output([sys.executable, "-c", code, *arguments], env=mine | variables, text=True).strip()


@pytest.fixture(scope="module")
def plain() -> str:
    return run(TELL)


@pytest.mark.parametrize(
    "variables",
    [
        {"OPENBLAS_CORETYPE": OTHER_PROCESSOR},
        {"NPY_DISABLE_CPU_FEATURES": " ".join(FOUND[-1:])},
        {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        {"LD_LIBRARY_PATH": "/nowhere"},
    ],
    ids=" ".join,
)
def test_the_users_variables_do_not_change_the_numerics_of_trials(plain, variables):
    assert run(TELL, **variables) == plain


@pytest.mark.parametrize("library", ["scipy.linalg", "sklearn.ensemble"])
def test_what_the_harness_has_imported_does_not_change_them(plain, library):
    assert run(TELL, library) == plain


def test_they_name_the_library_the_widest_instructions_and_the_order_of_bytes(plain):
    library, widest, order = plain.split(", ")
    assert len(library.split()) >= 2
    assert widest in (FOUND or np.show_config(mode="dicts")["SIMD Extensions"]["baseline"])
    assert order == f"{sys.byteorder}-endian"


def test_a_python_that_does_not_work_as_a_trial_would_run_it_is_told_in_one_line(tmp_path: Path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho libpython: no such file >&2\nexit 127\n")
    broken.chmod(0o755)
    code = f"""
import sys
from competition.errors import PodiumError
from competition.evaluation.surroundings import surroundings

sys.executable = {str(broken)!r}
try:
    surroundings("none")
except PodiumError as error:
    print(error)
"""
    told = run(code, LD_LIBRARY_PATH="/nowhere")
    assert told.startswith("NumPy does not answer in the environment of a trial: libpython: no such file; ")
    assert "\n" not in told


def test_the_sources_are_those_that_a_board_compares_with():
    assert surroundings("none").child == this_harness().child


def test_a_run_with_nothing_to_do_imports_nothing_for_them():
    code = f"{TELL}\nprint(sys.modules.keys() & {{'pandas', 'scipy', 'sklearn', 'threadpoolctl'}})"
    assert run(code).endswith("\nset()")
