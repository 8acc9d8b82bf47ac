"""The trial cache: what comes back is what was put there, or nothing; whatever happens to the files."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from competition.errors import PodiumError
from competition.evaluation import cache as cache_module
from competition.evaluation import wire
from competition.evaluation.cache import NEVER_KEPT, TrialCache
from competition.evaluation.outcomes import Outcome
from competition.results import Failure, Predictions

KEY, OTHER_KEY = "ab" * 32, "ab" + "cd" * 31
finite = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.none() | st.floats(0, 1e6)


@st.composite
def predictions(draw):
    n = draw(st.integers(0, 12))
    match draw(st.sampled_from(["regression", "labels", "decision", "probability"])):
        case "regression":
            return Predictions(draw(arrays(np.float64, n, elements=finite)))
        case "labels":
            return Predictions(draw(arrays(np.int32, n)))
        case "decision":
            return Predictions(draw(arrays(np.int32, n)), draw(arrays(np.float64, n, elements=finite)), "decision")
        case _:
            shape = (n, draw(st.integers(2, 4)))
            scores = draw(arrays(np.float64, shape, elements=st.floats(0, 1)))
            return Predictions(draw(arrays(np.int32, n)), scores, "probability")


@st.composite
def outcomes(draw):
    predicted, failure = draw(predictions()), None
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["memory", "crash", "error", "bad-output"]))
        lines = tuple(draw(st.lists(st.text(max_size=200), max_size=3)))
        predicted, failure = None, Failure(type=kind, message=draw(st.text(max_size=80)), traceback=lines)
    return Outcome(predicted, failure, draw(seconds), draw(seconds), draw(st.floats(0, 1e6)), draw(seconds))


def same(one, other):
    """Whether two outcomes are the same, to the bit."""
    if one.predictions is None or other.predictions is None:
        return one == other
    pairs = [(one.predictions.values, other.predictions.values), (one.predictions.scores, other.predictions.scores)]
    same_arrays = all(
        (a is None and b is None) or (a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
        for a, b in pairs
    )
    rest = [replace(outcome, predictions=None) for outcome in (one, other)]
    return same_arrays and rest[0] == rest[1] and one.predictions.score_kind == other.predictions.score_kind


def outcome_of(n=100, seed=0):
    rng = np.random.default_rng(seed)
    positive = rng.random(n)
    scores = np.column_stack([1 - positive, positive])
    return Outcome(
        Predictions(rng.integers(2, size=n, dtype=np.int32), scores, "probability"), None, 1.5, 0.1, 1.7, 99.0
    )


@pytest.fixture
def cache(tmp_path):
    return TrialCache(tmp_path / ".podium" / "cache")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A cache for tests that draw many examples, which each overwrite the same entry."""
    return TrialCache(tmp_path_factory.mktemp("cache"))


def entry(cache, key=KEY):
    (path,) = cache.folder.rglob(key)
    return path


# --- round trip ---


@given(outcomes())
def test_what_is_put_comes_back(shared, outcome):
    shared.put(KEY, outcome)
    assert same(shared.get(KEY), outcome)


def test_an_unknown_key_has_no_outcome(cache):
    assert cache.get(KEY) is None


def test_a_second_outcome_takes_the_first_ones_place(cache):
    cache.put(KEY, outcome_of(seed=1))
    cache.put(KEY, outcome_of(seed=2))
    assert same(cache.get(KEY), outcome_of(seed=2))
    assert cache.size().entries == 1


@pytest.mark.parametrize("kind", sorted(NEVER_KEPT))
def test_failures_that_may_be_none_the_next_time_are_not_kept(cache, kind):
    cache.put(KEY, Outcome(None, Failure(type=kind, message="not today"), None, None, 3.0, None))
    assert cache.get(KEY) is None
    assert cache.size().entries == 0


# --- damage ---


@given(st.data())
def test_a_flipped_bit_makes_an_entry_absent(shared, data):
    shared.put(KEY, data.draw(outcomes()))
    path = entry(shared)
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    assert shared.get(KEY) is None
    assert not path.exists()


@given(st.data())
def test_a_truncated_entry_is_absent(shared, data):
    shared.put(KEY, data.draw(outcomes()))
    path = entry(shared)
    os.truncate(path, data.draw(st.integers(0, path.stat().st_size - 1)))
    assert shared.get(KEY) is None


@given(outcomes(), st.binary(min_size=1, max_size=80))
def test_an_entry_with_bytes_behind_it_is_absent(shared, outcome, more):
    shared.put(KEY, outcome)
    with entry(shared).open("ab") as file:
        file.write(more)
    assert shared.get(KEY) is None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entry_are_absent(shared, content):
    shared.put(KEY, outcome_of())
    entry(shared).write_bytes(content)
    assert shared.get(KEY) is None


def test_every_bit_of_an_entry_counts(cache):
    cache.put(KEY, outcome_of(n=2))
    path = entry(cache)
    content = path.read_bytes()
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :])
        assert cache.get(KEY) is None, position
    path.write_bytes(content)
    assert same(cache.get(KEY), outcome_of(n=2))


def test_swapped_files_are_absent(cache):
    cache.put(KEY, outcome_of(seed=1))
    cache.put(OTHER_KEY, outcome_of(seed=2))
    one, other = entry(cache), entry(cache, OTHER_KEY)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    assert cache.get(KEY) is None
    assert cache.get(OTHER_KEY) is None


FORGED = {
    "values of another type": ({"values": np.zeros(3, dtype=np.int64)}, {}),
    "values that are no column": ({"values": np.zeros((3, 1))}, {}),
    "values that are not finite": ({"values": np.array([np.nan])}, {}),
    "scores for other rows": (
        {"values": np.zeros(3, dtype=np.int32), "scores": np.zeros((2, 2))},
        {"score_kind": "probability"},
    ),
    "scores without a kind": ({"values": np.zeros(3, dtype=np.int32), "scores": np.zeros((3, 2))}, {}),
    "a kind without scores": ({"values": np.zeros(3, dtype=np.int32)}, {"score_kind": "decision"}),
    "a decision for each class": (
        {"values": np.zeros(3, dtype=np.int32), "scores": np.zeros((3, 2))},
        {"score_kind": "decision"},
    ),
    "single precision": (
        {"values": np.zeros(3, dtype=np.int32), "scores": np.zeros((3, 2), dtype=np.float32)},
        {"score_kind": "probability"},
    ),
    "neither predictions nor failure": ({}, {}),
    "both": ({"values": np.zeros(3)}, {"failure": {"type": "error", "message": "", "traceback": []}}),
    "an unknown failure": ({}, {"failure": {"type": "boredom", "message": "", "traceback": []}}),
    "another format": ({"values": np.zeros(3)}, {"format": 1}),
    "another key": ({"values": np.zeros(3)}, {"key": OTHER_KEY}),
    "no time": ({"values": np.zeros(3)}, {"wall_seconds": None}),
    "an unknown field": ({"values": np.zeros(3)}, {"mood": "good"}),
}


@pytest.mark.parametrize("case", FORGED)
def test_an_entry_of_another_form_is_absent_though_its_checksum_holds(cache, case):
    changed_arrays, changed = FORGED[case]
    meta = {"format": 2, "key": KEY, "failure": None, "score_kind": None, "fit_seconds": 1.0, "predict_seconds": 1.0}
    meta |= {"wall_seconds": 1.0, "peak_memory_mb": 1.0, "reference_seconds": 0.01}
    write_entry(cache, {"values": np.zeros(3)}, meta)
    assert cache.get(KEY) is not None
    write_entry(cache, changed_arrays, meta | changed)
    assert cache.get(KEY) is None


def write_entry(cache, of_arrays, meta):
    from hashlib import sha256

    message = b"".join(bytes(chunk) for chunk in wire.encode(of_arrays, meta))
    path = cache.folder / KEY[:2] / KEY
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cache_module.MAGIC + sha256(message).digest() + message)


def test_a_folder_in_an_entrys_place_is_no_entry(cache):
    (cache.folder / KEY[:2] / KEY).mkdir(parents=True)
    assert cache.get(KEY) is None
    with pytest.raises(PodiumError, match="cannot write"):
        cache.put(KEY, outcome_of())


# --- processes that are killed, and several at once ---

WRITER = """
import sys
from pathlib import Path
import numpy as np
from competition.evaluation.cache import TrialCache
from competition.evaluation.outcomes import Outcome
from competition.results import Predictions

cache = TrialCache(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    key = f"{number % int(sys.argv[3]):064x}"
    values = np.full(5_000, number, dtype=np.float64)
    cache.put(key, Outcome(Predictions(values), None, 0.0, 0.0, float(number), None))
    print(key, flush=True)
"""


def writer(cache, n_puts, n_keys):
    arguments = [sys.executable, "-c", WRITER, str(cache.folder), str(n_puts), str(n_keys)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def whole(outcome):
    """Whether an outcome is one that a writer wrote at one time."""
    values = outcome.predictions.values
    return len(values) == 5_000 and set(values) == {outcome.wall_seconds}


def test_a_killed_process_leaves_whole_entries_and_all_that_it_reported(cache):
    for n_writes in (0, 1, 30):
        process = writer(cache, 1_000_000, 1_000_000)
        reported = [process.stdout.readline()[:-1] for _ in range(n_writes)]
        process.send_signal(signal.SIGKILL)
        reported += process.communicate()[0].split("\n")[:-1]  # the last line may be half a key
        for key in reported:
            assert whole(cache.get(key)), key
    names = [path.name for path in cache.folder.glob("*/*")]
    entries = [name for name in names if not name.startswith(".")]
    assert len(entries) == cache.size().entries > 0
    assert all(whole(cache.get(name)) for name in entries)


def test_two_processes_may_write_and_read_the_same_keys(cache):
    writers = [writer(cache, 300, 3) for _ in range(2)]
    seen = 0
    are_writing = True
    while are_writing:  # they may end before the first look, which must not be the last but one
        are_writing = any(process.poll() is None for process in writers)
        for process in writers:
            process.stdout.readline()
        for number in range(3):
            outcome = cache.get(f"{number:064x}")
            seen += outcome is not None
            assert outcome is None or whole(outcome)
    assert [process.wait() for process in writers] == [0, 0]
    assert seen > 0
    assert cache.size().entries == 3
    assert [path.name for path in cache.folder.glob("*/.*")] == []


# --- no room, no permission ---


def test_a_full_disk_is_told_in_one_line_and_harms_no_entry(cache):
    cache.put(KEY, outcome_of(n=10))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        for key in (KEY, OTHER_KEY):
            with pytest.raises(PodiumError, match=r"^cannot write .*: File too large$"):
                cache.put(key, outcome_of(n=1_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(cache.get(KEY), outcome_of(n=10))
    assert cache.get(OTHER_KEY) is None
    assert len(list(cache.folder.rglob("*"))) == 2  # the folder of the entry, and the entry


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(PodiumError, match=r"^cannot make the folder .*: File exists$"):
        TrialCache(tmp_path / "cache")


AS_NOBODY = """
import os, sys
from pathlib import Path
from competition.errors import PodiumError
from competition.evaluation.cache import TrialCache

if os.geteuid() == 0:
    os.setuid(65534)
try:
    TrialCache(Path(sys.argv[1]))
except PodiumError as error:
    print(error)
"""


def test_a_folder_that_is_not_writable_is_told_in_one_line():
    # Not below pytest's own folder, which nobody but its user may enter.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        process = subprocess.run([sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True)
    assert process.stdout == f"cannot write to the folder {folder}\n", process.stderr


# --- size, pruning, log ---

DAY = 86_400


def age(path, days):
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))


def test_size_counts_entries_and_nothing_else(cache):
    assert (cache.size().entries, cache.size().bytes) == (0, 0)
    cache.put(KEY, outcome_of(n=10))
    cache.put(OTHER_KEY, outcome_of(n=1_000))
    cache.record("small-binary", 1, 1)
    (cache.folder / KEY[:2] / f".{KEY}.x1y2").write_bytes(b"half")
    assert cache.size().entries == 2
    assert cache.size().bytes == entry(cache).stat().st_size + entry(cache, OTHER_KEY).stat().st_size


def test_pruning_drops_what_was_not_used(cache):
    for key in (KEY, OTHER_KEY):
        cache.put(key, outcome_of())
        age(entry(cache, key), days=31)
    size = entry(cache).stat().st_size
    assert cache.get(OTHER_KEY) is not None
    removed = cache.prune(unused_days=30)
    assert (removed.entries, removed.bytes) == (1, size)
    assert cache.get(KEY) is None
    assert cache.get(OTHER_KEY) is not None


def test_everything_can_be_pruned(cache):
    cache.put(KEY, outcome_of())
    assert cache.prune().entries == 0
    assert cache.prune(everything=True).entries == 1
    assert cache.get(KEY) is None
    cache.put(KEY, outcome_of())
    assert cache.get(KEY) is not None


def test_pruning_sweeps_what_killed_processes_left_and_nothing_that_is_being_written(cache):
    cache.put(KEY, outcome_of())
    abandoned, fresh, not_ours = (entry(cache).with_name(name) for name in (f".{KEY}.aa", f".{KEY}.bb", "notes.txt"))
    for path in (abandoned, fresh, not_ours):
        path.write_bytes(entry(cache).read_bytes())
    age(abandoned, days=1)
    age(not_ours, days=400)
    assert cache.prune(everything=True).entries == 1
    assert not abandoned.exists()
    assert fresh.exists()
    assert not_ours.exists()


def test_the_log_tells_the_last_runs(cache):
    assert cache.runs() == []
    for number in range(5):
        cache.record(f"competition-{number}", hits=number, misses=2)
    last = cache.runs(last=2)
    assert [(run.competition, run.hits, run.misses) for run in last] == [
        ("competition-3", 3, 2),
        ("competition-4", 4, 2),
    ]
    assert abs(last[-1].time.timestamp() - time.time()) < 60


def test_a_damaged_line_of_the_log_is_passed_over(cache):
    cache.record("one", 1, 0)
    with (cache.folder / "runs.jsonl").open("ab") as file:
        file.write(b'{"time": "2024-\n\xff\n' + json.dumps([1]).encode() + b"\n")
    cache.record("two", 2, 0)
    assert [run.competition for run in cache.runs()] == ["one", "two"]


def test_the_log_does_not_grow_for_ever(cache):
    for number in range(150):
        cache.record("one", number, 0)
    cache.prune()
    assert [run.hits for run in cache.runs(last=1_000)] == list(range(50, 150))


# --- speed ---


def test_five_hundred_entries_are_read_and_verified_in_half_a_second(cache):
    outcome = outcome_of(n=6_000)
    keys = [f"{number:02x}" + f"{number:062x}" for number in range(250)] + [f"ff{number:062x}" for number in range(250)]
    for key in keys:
        cache.put(key, outcome)
    taken = []
    for _ in range(3):
        started = time.process_time()
        assert all(cache.get(key) is not None for key in keys)
        taken.append(time.process_time() - started)
    assert min(taken) < 0.5


HEAVY = "import sys, competition.evaluation.cache; print(sys.modules.keys() & {'pandas', 'scipy', 'sklearn'})"


def test_a_run_that_reads_the_log_alone_waits_for_no_heavy_import():
    assert subprocess.check_output([sys.executable, "-c", HEAVY], text=True) == "set()\n"
