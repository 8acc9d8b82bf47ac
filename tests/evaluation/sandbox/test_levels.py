"""What this machine can hold is found by trying, and told."""

import os
import subprocess
import sys

import pytest

from competition.errors import PodiumError
from competition.evaluation.sandbox import bubblewrap, levels
from competition.evaluation.sandbox.levels import LEVELS, Finding, choose, probe


def test_none_holds_everywhere():
    assert probe("none") == Finding("none", True)


def test_the_strongest_level_that_holds_is_chosen():
    assert choose(None) == next(level for level in LEVELS if probe(level).holds)


def test_an_unknown_level_is_refused_with_the_allowed_ones():
    with pytest.raises(PodiumError, match=r"--isolation: found 'jail'; allowed: namespaces, kernel, none"):
        choose("jail")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one level")
class TestWhatIsMissing:
    def test_bubblewrap_that_is_not_there(self, monkeypatch):
        monkeypatch.setattr(bubblewrap, "PROGRAM", "no-such-bwrap")
        finding = probe("namespaces")
        assert not finding.holds
        assert finding.why == "bubblewrap is not installed"
        assert "bubblewrap" in finding.remedy
        with pytest.raises(PodiumError, match="this machine does not hold 'namespaces': bubblewrap is not installed"):
            choose("namespaces")

    def test_bubblewrap_that_may_not_make_namespaces(self, monkeypatch, tmp_path):
        refused = tmp_path / "refused"
        refused.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
        refused.chmod(0o755)
        monkeypatch.setattr(bubblewrap, "PROGRAM", str(refused))
        monkeypatch.setattr(levels, "RESTRICTED", tmp_path / "not there")
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        finding = probe("namespaces")
        assert not finding.holds
        assert "uid map" in finding.why
        assert "userns" in finding.remedy
        monkeypatch.setattr(levels, "RESTRICTED", tmp_path)
        assert "apparmor_restrict_unprivileged_userns=0" in probe("namespaces").remedy
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert "SYS_ADMIN" in probe("namespaces").remedy

    def test_bubblewrap_that_is_there_and_confines_nothing(self, monkeypatch, tmp_path):
        # A file of that name is not enough: the attempt must be held.
        useless = tmp_path / "useless"
        useless.write_text('#!/bin/sh\nexec "$0-inner" "$@"\n')
        useless.chmod(0o755)
        monkeypatch.setattr(bubblewrap, "PROGRAM", str(useless))
        assert not probe("namespaces").holds

    def test_a_confinement_that_leaks_is_found_out(self, monkeypatch):
        """The attempt itself reports what a process could do that is not held."""
        program = """
from competition.evaluation.sandbox import confine, landlock, seccomp
landlock.restrict = lambda **paths: None
seccomp.install = lambda: None
import sys, tempfile
with tempfile.TemporaryDirectory() as scratch, tempfile.NamedTemporaryFile() as secret:
    confine.attempt(confine.Confinement("kernel", ()), secret.name, scratch)
"""
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert told.returncode != 0
        assert "a confined process could read a file elsewhere" in told.stderr

    def test_an_attempt_that_hangs_is_given_up(self, monkeypatch, tmp_path):
        slow = tmp_path / "slow"
        slow.write_text("#!/bin/sh\nexec sleep 60\n")
        slow.chmod(0o755)
        monkeypatch.setattr(bubblewrap, "PROGRAM", str(slow))
        monkeypatch.setattr(levels, "TRY_SECONDS", 0.5)
        # It is not known whether the level is held, so no weaker one is taken in its place.
        for ask in (lambda: probe("namespaces"), lambda: choose(None)):
            with pytest.raises(PodiumError, match="took more than"):
                ask()
