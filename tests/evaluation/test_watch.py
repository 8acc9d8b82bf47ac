"""A worker's watch over a trial, and its cleaning."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from competition.evaluation import watch

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
    watch.empty(scratch)
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
    watch.empty(scratch)
    assert list(scratch.iterdir()) == []
    scratch.rmdir()


def forked(do):
    """Fork a child that does something in a group of its own and ends with status 3, or 4 if it cannot."""
    pid = os.fork()
    if pid == 0:
        status = 4
        try:
            os.setsid()
            do()
            status = 3
        finally:
            os._exit(status)  # else it would be a second pytest
    return pid


@pytest.fixture(params=["by descriptor", "by asking"])
def control(request, monkeypatch):
    """Both ends of a socket, with and without the kernel's descriptors of processes."""
    if request.param == "by asking":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    elif not hasattr(os, "pidfd_open"):
        pytest.skip("this system has no descriptor of a process")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_how_a_child_ended(control, tmp_path):
    end = watch.wait(forked(lambda: None), tmp_path, 60, control[0])
    assert (end.status, end.stopped) == (3, None)
    end = watch.wait(forked(lambda: os.kill(os.getpid(), signal.SIGTERM)), tmp_path, 60, control[0])
    assert (end.status, end.stopped) == (-signal.SIGTERM, None)


def test_a_child_that_goes_past_a_limit_is_ended(control, tmp_path):
    end = watch.wait(forked(lambda: time.sleep(60)), tmp_path, 0.2, control[0])
    assert (end.status, end.stopped) == (-signal.SIGKILL, "timeout")


def test_a_child_ends_with_the_harness(control, tmp_path):
    ours, theirs = control
    pid = forked(lambda: (theirs.close(), time.sleep(60)))
    theirs.close()
    with pytest.raises(watch.HarnessGoneError):
        watch.wait(pid, tmp_path, 60, ours)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_lies_too_deep_to_be_counted_is_too_much(control):
    scratch = Path(tempfile.mkdtemp())

    def dig():
        os.chdir(scratch)
        for _ in range(30):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        time.sleep(60)

    end = watch.wait(forked(dig), scratch, 60, control[0])
    assert end.stopped == "made a folder that cannot be looked into"
    watch.empty(scratch)
    scratch.rmdir()


def test_processes_left_behind_are_ended(tmp_path):
    script = (
        "import os, time; from competition.evaluation import watch; "
        "from competition.evaluation.sandbox.confine import adopt_orphans; adopt_orphans()\n"
        "read, write = os.pipe()\n"
        "if (middle := os.fork()) == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); print(os.getpid(), flush=True); os.write(write, b'!'); time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.read(read, 1); os.waitid(os.P_PID, middle, os.WEXITED | os.WNOWAIT)\n"
        "watch.sweep(); watch.sweep()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(ended.stdout), 0)


@pytest.mark.parametrize(("free", "is_full"), [(10, True), (10**9, False)])
def test_a_full_disk_is_the_machines_fault_unless_the_trial_has_filled_it(monkeypatch, tmp_path, free, is_full):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=free, f_frsize=1))
    (tmp_path / "file").write_bytes(b"x" * 200_000)
    assert watch.is_full(tmp_path) == is_full
    monkeypatch.setattr(watch, "SCRATCH_BYTES", 100_000)
    assert not watch.is_full(tmp_path)
