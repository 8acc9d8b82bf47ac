"""How the command line ends where the machine has no room."""

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from competition.evaluation.sandbox import levels

Podium = Callable[..., tuple[int, str, str]]
SOLUTION = """
def make_estimator(random_state, n_threads):
    return None
"""


@pytest.mark.parametrize("command", [["run"], ["run", "--isolation", "none"], ["selftest", "--isolation", "none"]])
def test_without_a_place_for_temporary_files_a_command_says_so(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    podium: Podium,
    new_competition: Callable[..., object],
    write_solution: Callable[..., Path],
) -> None:
    new_competition(tmp_path)
    write_solution(tmp_path, "one", SOLUTION)
    monkeypatch.chdir(tmp_path)
    assert podium("prepare", "small-binary")[0] == 0
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    code, out, err = podium(*command)

    assert (code, out) == (2, "")
    told = [line for line in err.splitlines() if not line.startswith("not isolated")]
    assert len(told) == 1
    assert told[0].startswith("podium: no folder can be made in ")
    assert "set TMPDIR" in told[0]


def test_a_full_disk_is_told_wherever_it_comes_up(monkeypatch: pytest.MonkeyPatch, podium: Podium) -> None:
    def full(level: levels.Level) -> levels.Finding:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/file")

    monkeypatch.setattr(levels, "probe", full)
    code, out, err = podium("doctor")
    assert (code, out) == (2, "")
    assert err.startswith("podium: No space left on device (/somewhere/file); TMPDIR names another folder")
    assert err.count("\n") == 1


def test_other_errors_of_the_system_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, podium: Podium) -> None:
    def broken(level: levels.Level) -> levels.Finding:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(levels, "probe", broken)
    with pytest.raises(OSError, match="Input/output error"):
        podium("doctor")
