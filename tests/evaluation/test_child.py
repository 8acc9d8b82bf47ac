"""The worker's cleaning."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from competition.evaluation.child import empty

TREES = st.recursive(
    st.none(), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4), max_leaves=15
)


def grow(folder: Path, tree: dict | None, modes: list[int]) -> None:
    for name, inner in (tree or {}).items():
        if inner is None:
            (folder / name).write_text("x")
        else:
            (folder / name).mkdir()
            grow(folder / name, inner, modes)
            (folder / name).chmod(modes[hash(name) % len(modes)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(TREES, st.lists(st.sampled_from([0o000, 0o500, 0o700]), min_size=1))
def test_whatever_lies_there_goes_and_what_links_lead_to_stays(tmp_path_factory, tree, modes):
    scratch, outside = tmp_path_factory.mktemp("scratch"), tmp_path_factory.mktemp("outside")
    (outside / "kept").write_text("kept")
    (scratch / "link").symlink_to(outside)
    (scratch / "file").symlink_to(outside / "kept")
    os.link(outside / "kept", scratch / "hard")
    grow(scratch, tree, modes)
    empty(scratch)
    assert list(scratch.iterdir()) == []
    assert (outside / "kept").read_text() == "kept"


@pytest.mark.parametrize("depth", [3, 1_500])
def test_depth_is_no_obstacle(depth):
    scratch = Path(tempfile.mkdtemp())  # pytest's own clearing of temporary folders recurses
    here = os.open(scratch, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    empty(scratch)
    assert list(scratch.iterdir()) == []
    scratch.rmdir()
