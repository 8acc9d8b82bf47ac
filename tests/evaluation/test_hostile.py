"""The hostile solutions: what becomes of each at every level, and that each gets through where nothing holds it."""

import ast
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from competition.errors import PodiumError
from competition.evaluation import wire
from competition.evaluation.hostile import headers
from competition.evaluation.hostile.catalogue import ATTACKS, GROUPS
from competition.evaluation.hostile.decoy_servers import Servers
from competition.evaluation.hostile.decoys import N_ROWS, SHARED_FOLDERS, VARIABLE, Decoys, random_bits
from competition.evaluation.hostile.programs import describe, program
from competition.evaluation.hostile.selftest import run
from competition.evaluation.hostile.trials import LABELS, LINGER, RECEIVE_AT, SEND_AT, Trials, verdict
from competition.evaluation.installer import find_uv
from competition.evaluation.outcomes import Outcome
from competition.evaluation.sandbox.levels import LEVELS, probe
from competition.evaluation.watch import empty
from competition.results import Failure, Predictions
from competition.solution import MAX_BYTES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="most attacks are made for Linux")
BY_NAME = {attack.name: attack for attack in ATTACKS}


# --- what becomes of them ---


def wrong(level, names):
    """What is not as expected at a level."""
    finding = probe(level)
    if not finding.holds:
        pytest.skip(f"{level}: {finding.why}")
    reports = list(run(level, names=names))
    assert sorted(report.attack.name for report in reports) == sorted(names)
    return {report.attack.name: f"{report.seen}: {report.detail}" for report in reports if not report.as_expected}


# Of every way to run, and of every group; `nox -s selftest` runs them all.
CHOICE = [
    *("key_by_path", "key_at_import", "state_of_the_machine: sysinfo", "tcp", "signals_harness", "sleeps"),
    *("wrong_values: NaN", "endings: segfault", "forged_frames: pickle"),
    *("write_key", "small_thread_bomb", "through scratch", "through /dev/shm, at once"),
    *("file: source distribution", "file: docstring"),
]


@pytest.mark.parametrize("level", LEVELS)
def test_a_choice_of_attacks_ends_as_expected(level):
    assert wrong(level, CHOICE) == {}


def test_the_choice_holds_every_way_and_group():
    chosen = [BY_NAME[name] for name in CHOICE]
    assert {attack.way for attack in chosen} == {attack.way for attack in ATTACKS}
    assert {attack.group for attack in chosen} == set(GROUPS)


def test_a_run_leaves_nothing_behind(folder_for_all, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(folder_for_all))
    marker, markers = Decoys.marker, set()

    def noted(decoys, name):
        markers.add(marker(decoys, name))
        return marker(decoys, name)

    monkeypatch.setattr(Decoys, "marker", noted)
    # Others read the installed files, and a run beside this one gives them other times.
    library = tmp_path_factory.mktemp("library")
    for name in ("_a.py", "_b.py"):
        (library / name).touch()
    monkeypatch.setattr(os, "__file__", str(library / "os.py"))
    times = [status_times(path) for path in sorted(library.iterdir())]
    list(run("none", names=["through /dev/shm", "eats_disk_reserved", "links_for_the_cleaner", "fork_bomb"]))
    assert list(folder_for_all.iterdir()) == []
    assert VARIABLE not in os.environ
    assert [status_times(path) for path in sorted(library.iterdir())] == times
    assert markers
    assert [
        path for folder in SHARED_FOLDERS for marker in markers if os.path.lexists(path := f"{folder}/{marker}")
    ] == []


def status_times(path):
    """Times of the last access and of the last change."""
    return path.stat().st_atime_ns, path.stat().st_mtime_ns


def test_an_unknown_attack_is_refused():
    with pytest.raises(PodiumError, match="no attack 'key_by_pat'; did you mean 'key_by_path'"):
        list(run("none", names=["key_by_pat"]))


# --- verdicts ---

SECRET = "01" * 32


def outcome(values=None, failure=None):
    predictions = None if values is None else Predictions(np.array(values, dtype=np.int32))
    return Outcome(predictions, failure and Failure(type=failure[0], message=failure[1]), None, None, 1.0, 1.0)


@pytest.mark.parametrize(
    ("ended", "seen"),
    [
        (outcome([0] * 64), "held"),
        (outcome([1] * 64), "OPEN"),
        (outcome([int(digit) for digit in SECRET]), "OPEN"),
        (outcome([0, 1] * 31 + [0, 0]), "held"),
        (outcome(failure=("error", "PermissionError: [Errno 1] no")), "held"),
        (outcome(failure=("error", "FileNotFoundError: no")), "held"),
        (outcome(failure=("error", "NameError: a bug of the attack")), "error"),
        (outcome(failure=("infrastructure", "the worker died")), "OPEN"),
        (outcome(failure=("timeout", "too long")), "timeout"),
    ],
)
def test_a_verdict_follows_from_what_a_trial_returned(ended, seen):
    assert verdict(ended, SECRET)[0] == seen


def test_where_nothing_is_promised_an_attack_may_fail():
    attack = BY_NAME["key_by_path"]
    assert attack.accepts("OPEN", "none")
    assert attack.accepts("held", "none")
    assert attack.accepts("held", "kernel")
    assert not attack.accepts("OPEN", "kernel")
    assert not attack.accepts("crash", "none")


# --- the catalogue ---


LUCK, CRASH, HELD = ("OPEN", "9 labels arrived in 0.1 s"), ("crash", ""), ("held", "PermissionError: no")


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([LUCK, HELD], HELD),
        ([LUCK, LUCK], LUCK),
        ([LUCK, CRASH], CRASH),
        ([CRASH, HELD], CRASH),
        ([("OPEN", "a file of the repository was changed"), HELD], ("OPEN", "a file of the repository was changed")),
    ],
)
def test_few_labels_that_match_by_luck_are_passed_on_again(seen, told, monkeypatch):
    passes = iter(seen)
    monkeypatch.setattr(Trials, "_pass_on", lambda self, attack, pool: next(passes))
    attack = BY_NAME["through modes of installed files"]
    assert attack.bits == 9
    assert Trials("kernel", None, 1)._channel(attack, None) == told


def test_names_are_unique_and_files_are_used():
    assert len(BY_NAME) == len(ATTACKS)
    texts = {Path(file.name).stem for file in (files("competition.evaluation.hostile") / "attacks").iterdir()}
    used = {attack.source for attack in ATTACKS if attack.way != "read"} | {"inspects_scratch"}
    assert {text for text in texts if not text.startswith("__")} == used
    assert {attack.source for attack in ATTACKS if attack.way == "read"} == set(headers.FILES)


def test_an_attack_says_what_it_tries_and_is_a_solution(decoys):
    for attack in ATTACKS:
        if attack.way == "read":
            assert headers.describe(attack.source)
            continue
        assert describe(attack.source).endswith((".", ":"))
        for role in ("single", "sender", "receiver"):
            text = program(attack.source, role, decoys.told(attack.name, attack.parameters) | {"WAIT": 0, "LINGER": 0})
            defined = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
            assert "make_estimator" in defined
            assert len(text) <= MAX_BYTES
            assert decoys.secret.encode() not in text


# --- that they are attacks ---

UNPROTECTED = [
    attack
    for attack in ATTACKS
    if attack.group in ("reading", "tampering", "channels", "network", "processes")
    and attack.name != "links_for_the_cleaner"
]
UNPROTECTED += [BY_NAME[name] for name in ("fork_bomb", "takes_priority", "takes_all_cores")]
PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def decoys():
    with Decoys() as made:
        yield made


@pytest.fixture
def loose_features(decoys, monkeypatch):
    """Shared features as they would be without seals."""
    loose = os.memfd_create("loose")
    os.write(loose, os.pread(decoys.train, 1 << 20, 0))
    monkeypatch.setattr(decoys, "train", loose)
    yield
    os.close(loose)


@pytest.mark.usefixtures("loose_features")
@pytest.mark.parametrize("attack", UNPROTECTED, ids=lambda attack: attack.name)
def test_an_attack_gets_through_where_nothing_holds_it(attack, decoys, tmp_path):
    attempt = single if attack.way in ("beside", "alone") else channel
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    got_through = attempt(attack, decoys, scratch)
    decoys.clear(attack.name)
    empty(tmp_path)  # too deep for pytest
    if not got_through and attack.needs:
        pytest.skip(f"needs {attack.needs}")
    assert got_through


def single(attack, decoys, folder):
    decoys.restore()
    text = program(attack.source, "single", decoys.told(attack.name, attack.parameters))
    answer = collect(start([text], [LABELS], folder, decoys))
    return bool(list(decoys.findings(attack.name))) or answer in (decoys.secret, "1" * N_ROWS)


def channel(attack, decoys, folder):
    """Pass labels on; both halves share one process and one folder unless they run at once."""
    one, other = (prepared_folder(attack, folder / name) for name in ("one", "other"))
    for pace in (1 / 3, 1, 1, 3):  # it may be a matter of time
        decoys.restore()
        told, labels = decoys.told(attack.name, attack.parameters), random_bits()
        if attack.way == "at once":
            sender = program(attack.source, "sender", told | {"WAIT": pace * SEND_AT, "LINGER": pace * LINGER})
            receiver = program(attack.source, "receiver", told | {"WAIT": pace * RECEIVE_AT})
            halves = [start([sender], [labels], one, decoys), start([receiver], [LABELS], other, decoys)]
            _, answer = map(collect, halves)
        else:
            texts = [
                program(attack.source, role, told | {"WAIT": 0.0, "LINGER": 0.0}) for role in ("sender", "receiver")
            ]
            answer = collect(start(texts, [labels, LABELS], one, decoys))
        if answer.startswith(labels[: attack.bits]):
            return True
    return False


def prepared_folder(attack, path):
    if attack.source == "channel_inode_numbers" and os.path.isdir("/dev/shm"):
        return Path("/dev/shm")
    path.mkdir(exist_ok=True)
    return path


def start(texts, labels, folder, decoys):
    """Run solutions one after the other in one process that nothing holds, below one that may be killed for it.

    Its memory holds what a careless harness would leave there. Returns the process and the pipe from which the last
    one's predictions come.
    """
    shared = memoryview(os.pread(decoys.train, 1 << 20, 0))
    message = wire.encode({"y": np.array(list(labels[0]), dtype=np.int32)}, {})
    left_in_memory = [
        f"answers,{decoys.secret}",
        wire.take_rows(*wire.decode(shared), np.arange(2 * N_ROWS)),
        b"".join(map(bytes, message)),
    ]
    read, write = os.pipe()
    if (middle := os.fork()) == 0:
        os.setsid()
        if (child := os.fork()) == 0:
            perform(texts, labels, folder, decoys, write, left_in_memory)
        os.close(write)
        os.waitpid(child, 0)
        os._exit(0)
    os.close(write)
    return middle, read


def perform(texts, labels, folder, decoys, pipe, left_in_memory):
    """In the child: fit and predict, tell the digits, leave."""
    text_of_the_key = left_in_memory[0]  # for whoever walks up the frames
    try:
        signal.alarm(PATIENCE_SECONDS)
        kept = (decoys.train, decoys.predict, decoys.key_descriptor, pipe)
        # pytest's own files are not for the attacks to play with; a closed one of Arrow's would end the next fork.
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in {int(name) for name in os.listdir("/dev/fd")} - {0, 1, 2, *kept}:
            with contextlib.suppress(OSError):
                os.fstat(descriptor)
                os.dup2(null, descriptor)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        X = wire.take_rows(*wire.decode(memoryview(os.pread(decoys.predict, 1 << 20, 0))), np.arange(N_ROWS))
        for text, given in zip(texts, labels, strict=True):
            os.chdir(folder)
            space = {"__name__": "solution"}
            exec(text, space)
            estimator = space["make_estimator"](random_state=1, n_threads=1)
            answer = estimator.fit(X, np.array(list(given), dtype=np.int32)).predict(X)
            if b"size of the folder above" in text:
                clear_carelessly(folder)
        os.write(pipe, "".join(map(str, answer)).encode())
        assert text_of_the_key
    finally:
        os._exit(0)


def clear_carelessly(folder):
    """Remove a scratch directory's folders by way of the one above it."""
    for name in os.listdir(folder):
        os.rename(folder / name, folder.parent / f"moved-{name}")
    for path in folder.parent.glob("moved-*"):
        path.rmdir()


def collect(started):
    """Return what comes down the pipe, and end what is left."""
    middle, pipe = started
    deadline = time.monotonic() + PATIENCE_SECONDS
    ready = []
    while not ready and time.monotonic() < deadline:
        ready, _, _ = select.select([pipe], [], [], 0.2)
        if os.waitid(os.P_PID, middle, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            deadline = min(deadline, time.monotonic() + 1)  # an attack may have killed it and live on
    answer = os.read(pipe, 4096).decode() if ready else ""
    os.close(pipe)
    with contextlib.suppress(ProcessLookupError):
        os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    return answer


@pytest.mark.parametrize("length", [10, 120])
def test_a_unix_socket_is_reached_however_long_its_path(tmp_path, length):
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    with Servers(folder, f"podium{random_bits()[:40]}") as servers:
        source = program("unix_socket", "single", servers.values | {"MARKER": "it came"}).decode()
        assert not servers.received("it came")
        subprocess.run([sys.executable, "-c", f"{source}\nattack(None, None)"], check=True)
        assert servers.received("it came")


def test_links_get_through_to_a_careless_cleaner(decoys, tmp_path):
    attack = BY_NAME["links_for_the_cleaner"]
    single(attack, decoys, tmp_path)
    for root, _, names in os.walk(tmp_path, topdown=False, followlinks=True):
        for name in names:
            os.remove(Path(root, name))
    assert "a file of the repository was changed" in list(decoys.findings(attack.name))
    decoys.restore()


def test_a_source_distribution_runs_code_where_it_is_built(tmp_path):
    uv = find_uv()
    if uv is None:
        pytest.skip("uv is not installed")
    mark = tmp_path / "built"
    headers.source_distribution(tmp_path, mark)
    install = [uv, "pip", "install", "--offline", "--no-index", "--target", str(tmp_path / "into")]
    subprocess.run([*install, "--find-links", str(tmp_path), headers.DECOY], capture_output=True, check=False)
    assert mark.exists()
