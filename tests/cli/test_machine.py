"""`podium doctor` and `cache` on machines that lack something."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from competition.evaluation.cache import TrialCache
from competition.evaluation.sandbox import levels

Podium = Callable[..., tuple[int, str, str]]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which nothing has run yet."""
    (tmp_path / "pyproject.toml").write_text("[tool.podium]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def nothing_to_be_written(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have folders refuse writers, root among them, as a file system that is mounted for reading does."""

    def refuses(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    may = os.access
    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuses)
        patched.setattr(os, "access", lambda path, mode, **more: not mode & os.W_OK and may(path, mode, **more))
        yield


@pytest.mark.parametrize("ran", [False, True])
def test_a_cache_is_shown_where_nothing_can_be_written(
    ran: bool, clone: Path, monkeypatch: pytest.MonkeyPatch, podium: Podium
) -> None:
    if ran:
        TrialCache(clone / ".podium" / "cache").record("small", 3, 4)
    with nothing_to_be_written(monkeypatch):
        code, out, err = podium("cache")
        assert (code, err) == (0, "")
        assert out.startswith("trials:        0, 0.0 MB")
        shown = json.loads(podium("cache", "--json")[1])
    assert [run["competition"] for run in shown["runs"]] == ["small"] * ran


def test_showing_a_cache_makes_none(clone: Path, podium: Podium) -> None:
    assert podium("cache")[0] == 0
    assert not (clone / ".podium").exists()


@pytest.mark.parametrize("ran", [False, True])
def test_pruning_needs_a_folder_that_can_be_written_to(
    ran: bool, clone: Path, monkeypatch: pytest.MonkeyPatch, podium: Podium
) -> None:
    if ran:
        TrialCache(clone / ".podium" / "cache")
    with nothing_to_be_written(monkeypatch):
        code, out, err = podium("cache", "--prune", "0")
    assert (code, out) == (2, "")
    assert str(clone / ".podium" / "cache") in err
    assert err.count("\n") == 1


def test_a_machine_that_holds_no_level_is_told(monkeypatch: pytest.MonkeyPatch, podium: Podium) -> None:
    monkeypatch.setattr(levels, "probe", lambda level: levels.Finding(level, False, f"no {level}"))
    code, out, _ = podium("doctor")
    assert code == 0
    assert "used" not in out
    assert all(f"no {level}" in out for level in levels.LEVELS)
