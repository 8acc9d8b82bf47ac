"""Trials on dask workers: real processes, one of them killed, and everything that an address can be wrong about."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import count, takewhile

import numpy as np
import pytest

from competition.errors import PodiumError
from competition.evaluation.cluster import Cluster, connection
from competition.evaluation.cluster.machines import Description, describe, refusal
from competition.evaluation.cluster.site import checked
from competition.evaluation.control import Runtime
from competition.evaluation.engine import SolutionEnded, evaluate
from competition.evaluation.outcomes import Outcome, Work
from competition.results import Failure, Predictions

distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")

REGRESSION = """
import os
import time
import numpy as np

class Estimator:
    def __init__(self, seed):
        self.noise = np.random.default_rng(seed).normal()

    def fit(self, X, y):
        {fit}
        A = X.select_dtypes("number").fillna(0.0).to_numpy()
        self.weights = np.linalg.lstsq(A, y, rcond=None)[0]
        return self

    def predict(self, X):
        {predict}
        return X.select_dtypes("number").fillna(0.0).to_numpy() @ self.weights + self.noise

def make_estimator(random_state, n_threads):
    return Estimator(random_state)
"""
PLAIN = REGRESSION.format(fit="pass", predict="pass")
CORES = REGRESSION.format(
    fit="pass", predict="return np.full(len(X), float(sum(2**c for c in os.sched_getaffinity(0))))"
)


class Machines:
    """A scheduler in this process, and dask workers in processes of their own."""

    def __init__(self, folder, runs_a_trial) -> None:
        self._folder = folder
        self._runs_a_trial = runs_a_trial
        self._scheduler = distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50)
        self.address = self._scheduler.scheduler_address
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, **environment: str) -> None:
        """Start workers and wait until the scheduler knows them."""
        for name in names:
            self.begin(name, **environment)
        self.wait_for(*names)

    def begin(self, name: str, **environment: str) -> None:
        """Start a worker, which takes seconds to import what it needs."""
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--name", name]
        options = ["--no-dashboard", "--no-nanny", "--nthreads", "1", "--local-directory", str(self._folder)]
        with open(self._folder / f"{name}.log", "wb") as log:
            self.processes[name] = subprocess.Popen(
                [*command, *options], env=os.environ | environment, stdout=log, stderr=log
            )

    def wait_for(self, *names: str) -> None:
        """Wait until the scheduler knows some workers."""
        deadline = time.monotonic() + 180  # each imports for seconds, and the machine may be busy
        while not set(names) <= self._known().keys():
            assert time.monotonic() < deadline, "the workers did not start"
            time.sleep(0.05)

    def address_of(self, name: str) -> str:
        """Address of a worker."""
        return self._known()[name].address

    def kill(self, name: str) -> None:
        """Kill a worker and wait until the scheduler knows."""
        self.processes[name].kill()
        self.processes[name].wait()
        deadline = time.monotonic() + 60
        while name in self._known():
            assert time.monotonic() < deadline, "the worker stays"
            time.sleep(0.05)

    def kill_a_busy_one(self, least_seconds: float = 0.0, until: threading.Event | None = None) -> None:
        """Kill a worker in the middle of a trial that has run for a while, unless something comes before."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if until is not None and until.is_set():
                return
            for process in self.processes.values():
                if process.poll() is None and self._runs_a_trial(process.pid, least_seconds):
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    return
            time.sleep(0.05)
        raise AssertionError("no worker is busy")

    def close(self) -> None:
        """End all of it."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self._scheduler.close()

    def _known(self):
        return {state.name: state for state in list(self._scheduler.scheduler.workers.values())}


@pytest.fixture(scope="module")
def machines(tmp_path_factory, runs_a_trial) -> Iterator[Machines]:
    """Two workers that no test harms."""
    made = Machines(tmp_path_factory.mktemp("machines"), runs_a_trial)
    try:
        made.start("a", "b")
        yield made
    finally:
        made.close()


@pytest.fixture
def others(tmp_path, runs_a_trial) -> Iterator[Machines]:
    """A scheduler of this test's own."""
    made = Machines(tmp_path, runs_a_trial)
    yield made
    made.close()


@pytest.fixture
def predictions_here(worker) -> Callable[[list[tuple[int, Work]]], dict[int, bytes]]:
    """Predictions of some trials on a worker of this machine."""
    return lambda works: dict(_bytes(worker.run(works)))


def _bytes(outcomes) -> Iterator[tuple[int, bytes]]:
    for key, outcome in outcomes:
        assert outcome.failure is None, outcome.failure
        yield key, outcome.predictions.values.tobytes()


# --- the same as here ---


@contextmanager
def _recorded(address: str) -> Iterator[tuple[str, bytearray]]:
    """Stand between the submitting machine and the scheduler, and keep all that goes to the scheduler."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    kept = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))

    def pass_on(source: socket.socket, target: socket.socket, keep: bool) -> None:
        with suppress(OSError), source, target:
            while part := source.recv(1 << 16):
                if keep:
                    kept.extend(part)
                target.sendall(part)

    def accept() -> None:
        with suppress(OSError):
            while True:
                ours, _ = listener.accept()
                theirs = socket.create_connection((host, int(port)))
                for pair in ((ours, theirs, True), (theirs, ours, False)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}", kept


def test_results_are_those_of_this_machine_and_no_heldout_label_leaves_it(
    machines, tmp_path, prepared_small, write_solution, entry_of, evaluated
):
    prepared = prepared_small("regression")
    entries = [entry_of(write_solution(tmp_path, "plain", PLAIN, slug="small-regression"))]
    with _recorded(machines.address) as (address, sent), Cluster(address, 1) as cluster:
        assert cluster.jobs == 2
        there = list(evaluate(prepared, entries, cluster.for_packages(entries)))
    here = list(evaluated(prepared, entries))
    mine, theirs = ([event.result for event in events if isinstance(event, SolutionEnded)] for events in (here, there))
    assert [_without_times(result) for result in theirs] == [_without_times(result) for result in mine]
    assert theirs[0].score is not None
    # Labels that a trial is fitted on are there, which shows that the others would be seen.
    assert all(value.tobytes() in sent for value in prepared.train.y)
    for value in prepared.heldout.y:
        assert value.tobytes() not in sent
        assert repr(float(value)).encode() not in sent


def _without_times(result):
    spent = {"fit_seconds": None, "predict_seconds": None, "wall_seconds": 0.0, "peak_memory_mb": None}
    spent |= {"reference_seconds": None}
    trials = sorted((trial.model_copy(update=spent) for trial in result.trials), key=repr)
    return result.model_copy(update={"trials": trials})


def test_trials_are_taken_as_slots_become_free_and_nothing_is_pinned(machines, make_works, predictions_here):
    taken = []
    works = make_works(*[CORES] * 6)

    def hand_out():
        for key, work in works:
            taken.append(key)
            yield key, work

    with Cluster(machines.address, 1) as cluster:
        outcomes = cluster.run(hand_out())
        first = next(outcomes)
        assert len(taken) <= 3
        found = dict(_bytes([first, *outcomes]))
    everything = float(sum(2**core for core in os.sched_getaffinity(0)))
    assert found == {key: np.full(20, everything).tobytes() for key in range(6)}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="takes two cores")
def test_local_workers_have_cores_of_their_own(make_works, own_claims):
    slow = CORES.replace("pass", "time.sleep(0.2)", 1)
    with Cluster("local:2", 1) as cluster:
        assert cluster.jobs == 2
        outcomes = dict(cluster.run(make_works(*[slow] * 4)))
    masks = {float(outcome.predictions.values[0]) for outcome in outcomes.values()}
    assert masks == {2.0**core for core in sorted(os.sched_getaffinity(0))[:2]}


def test_a_handshake_that_dask_gives_up_is_tried_again(monkeypatch):
    tries = []

    def client(address, **_):
        tries.append(address)
        assert len(tries) > 1  # as dask's does where the scheduler's first batch holds more than one message
        return "client"

    monkeypatch.setattr(distributed, "Client", client)
    monkeypatch.setattr(connection, "_greet", lambda address: None)
    with ExitStack() as stack:
        monkeypatch.setattr(stack, "enter_context", lambda entered: entered)
        assert connection.connect("tcp://127.0.0.1:1", 0, stack) == "client"
    assert len(tries) == 2


# --- workers that die ---


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(others, make_works, predictions_here):
    slow = REGRESSION.format(fit="time.sleep(1.5)", predict="pass")
    works = make_works(slow, slow, PLAIN, PLAIN, slow, PLAIN)
    others.start("a", "b")
    with Cluster(others.address, 1) as cluster:
        killer = threading.Thread(target=others.kill_a_busy_one)
        killer.start()
        found = dict(_bytes(cluster.run(works)))
        killer.join()
        assert cluster.jobs == 1, "no worker was killed"
    assert found == predictions_here(works)


@pytest.mark.slow
def test_a_trial_that_loses_three_workers_is_nobodys_fault(others, make_works):
    endless = REGRESSION.format(fit="time.sleep(25)", predict="pass")
    others.start("a")
    lost = threading.Event()

    def kill_and_start():
        for name in takewhile(lambda _: not lost.is_set(), "bcdefgh"):
            # The short trial is to be spared: it would lose its workers in the place of the long one.
            others.kill_a_busy_one(least_seconds=1.0, until=lost)
            others.start(name)

    outcomes = {}
    with Cluster(others.address, 1) as cluster:
        killer = threading.Thread(target=kill_and_start)
        killer.start()
        for number, outcome in cluster.run(make_works(endless, PLAIN)):
            outcomes[number] = outcome
            if number == 0:
                lost.set()
        killer.join()
    assert outcomes[0].failure.type == "infrastructure"
    assert "3 times" in outcomes[0].failure.message
    assert outcomes[1].failure is None


@pytest.mark.slow
def test_without_a_worker_left_a_run_ends(others, make_works):
    others.start("a")
    with Cluster(others.address, 1, wait_seconds=0.5) as cluster:
        killer = threading.Thread(target=others.kill_a_busy_one)
        killer.start()
        slow = REGRESSION.format(fit="time.sleep(5)", predict="pass")
        with pytest.raises(PodiumError, match=r"no worker within 0\.5 s.*is kept"):
            list(cluster.run(make_works(slow)))
        killer.join()


# --- workers that fail ---

# What a dask worker runs before it takes anything: it breaks what a trial is handed to.
FAULTY = """
from competition.evaluation.cluster.site import Site

def {method}(self, *arguments):
    raise {error}

Site.{method} = {method}
"""


FAULTS = {"performs": ("perform", "MemoryError('no memory')"), "takes": ("take", "RuntimeError('no memory')")}


def test_a_trial_that_a_worker_fails_is_tried_elsewhere(machines, tmp_path, make_works, predictions_here):
    works = make_works(*[PLAIN] * 5)  # each worker gets one at once
    told: list[str] = []
    for name, (method, error) in FAULTS.items():
        fault = tmp_path / f"{name}.py"
        fault.write_text(FAULTY.format(method=method, error=error))
        machines.begin(name, DASK_DISTRIBUTED__WORKER__PRELOAD=str(fault))
    try:
        machines.wait_for(*FAULTS)
        with Cluster(machines.address, 1, warn=told.append) as cluster:
            found = dict(_bytes(cluster.run(works)))
            assert cluster.jobs == 4
        failed = sorted(f"worker {machines.address_of(name)} failed a trial" for name in FAULTS)
        assert sorted(text[: len(failed[0])] for text in told) == failed
        assert all("no memory" in text for text in told)
    finally:
        for name in FAULTS:
            machines.kill(name)
    assert found == predictions_here(works)


def test_a_trial_that_every_worker_fails_is_nobodys_fault_and_ends_no_run(machines, make_works):
    works = make_works(PLAIN, PLAIN, PLAIN)
    # No path: what looks for the solution's packages there raises a TypeError.
    works[1] = (1, replace(works[1][1], runtime=Runtime((), 5)))
    told: list[str] = []
    with Cluster(machines.address, 1, warn=told.append) as cluster:
        outcomes = dict(cluster.run(works))
        assert cluster.jobs == 2
        assert dict(cluster.run(make_works(PLAIN)))[0].failure is None
    assert outcomes[1].failure.type == "infrastructure"
    assert "tried 3 times on the cluster; the last time its worker failed (TypeError:" in outcomes[1].failure.message
    assert [outcomes[key].failure for key in (0, 2)] == [None, None]
    assert len(told) == 2


# --- workers that are refused ---


@pytest.mark.filterwarnings("ignore:Mismatched versions found")
def test_a_worker_with_another_package_is_refused(machines, tmp_path, make_works, entry_of, write_solution):
    entry = entry_of(write_solution(tmp_path, "plain", PLAIN))
    shadow = tmp_path / "shadow" / "numpy-9.9.dist-info"
    shadow.mkdir(parents=True)
    (shadow / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 9.9\n")
    told: list[str] = []
    with Cluster(machines.address, 1, warn=told.append) as cluster:
        cluster.for_packages([entry])
        machines.start("odd", PYTHONPATH=os.pathsep.join([str(shadow.parent), os.environ.get("PYTHONPATH", "")]))
        try:
            odd = machines.address_of("odd")
            ((_, work),) = make_works(PLAIN)
            deadline = time.monotonic() + 60
            # Newcomers are looked at while a run goes on.
            numbers = takewhile(lambda _: not told and time.monotonic() < deadline, count())
            outcomes = dict(cluster.run((number, work) for number in numbers))
            assert {outcome.failure for outcome in outcomes.values()} == {None}
            assert cluster.jobs == 2
            # Where the harness is being edited, a process that starts later differs in its sources, too.
            differs = rf"^worker {odd} differs from this machine: "
            assert len(told) == 1
            assert re.search(rf"{differs}(.*; )?numpy 9\.9 there, {re.escape(np.__version__)} here", told[0])
            with pytest.raises(PodiumError, match=differs), Cluster(machines.address, 1) as strict:
                strict.for_packages([entry])
        finally:
            machines.kill("odd")


@pytest.fixture(scope="module")
def here(strongest) -> Description:
    """This machine."""
    return describe(strongest, ["numpy"])


@pytest.mark.parametrize("field", ["podium", "harness"])
def test_harnesses_have_to_be_the_same(here, field):
    error = refusal("tcp://w:1", replace(here, **{field: "other"}), here, None)
    assert "worker tcp://w:1 differs from this machine" in str(error)
    assert f"other there, {getattr(here, field)} here" in str(error)


@pytest.mark.parametrize("field", ["child", "python"])
def test_what_trials_see_has_to_be_the_same(here, field):
    theirs = replace(here, surroundings=replace(here.surroundings, **{field: "other"}))
    assert f"other there, {getattr(here.surroundings, field)} here" in str(refusal("tcp://w:1", theirs, here, None))


@pytest.mark.parametrize("field", ["platform", "numerics", "isolation"])
def test_workers_have_to_compute_alike_but_not_like_this_machine(here, field):
    theirs = replace(here, surroundings=replace(here.surroundings, **{field: "other"}))
    assert refusal("tcp://w:1", theirs, here, None) is None
    assert refusal("tcp://w:1", theirs, here, ("tcp://v:1", theirs)) is None
    error = refusal("tcp://w:1", theirs, here, ("tcp://v:1", here))
    assert f"{field} other there, {getattr(here.surroundings, field)} on tcp://v:1" in str(error)


def test_a_package_that_is_missing_there_is_named(here):
    error = refusal(
        "tcp://w:1", describe("none", ["no-such-package"]), replace(here, packages={"no-such-package": "1"}), None
    )
    assert "no-such-package none there, 1 here" in str(error)


def test_a_worker_without_podium_is_refused():
    error = refusal("tcp://w:1", ModuleNotFoundError("No module named 'competition'"), None, None)
    assert "worker tcp://w:1" in str(error)
    assert "No module named 'competition'" in str(error)


def test_a_level_that_a_worker_lacks_is_told(machines):
    with pytest.raises(PodiumError, match=r"worker tcp://.*--isolation: found 'fortress'; allowed: namespaces"):
        Cluster(machines.address, 1, "fortress")


# --- answers that are none ---


@pytest.fixture(scope="module")
def work(make_works) -> Work:
    """A regression of 20 rows."""
    return make_works(PLAIN)[0][1]


def test_an_outcome_passes(work):
    outcome = Outcome(Predictions(np.zeros(20)), None, 0.1, 0.1, 0.2, 1.0)
    assert checked(outcome, work).predictions.values.tolist() == [0.0] * 20
    failure = Outcome(None, Failure(type="timeout", message="late"), None, None, 0.2, 1.0)
    assert checked(failure, work).failure.type == "timeout"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Outcome(None, None, None, None, 0.2, 1.0),
        Outcome(Predictions(np.zeros(19)), None, 0.1, 0.1, 0.2, 1.0),
        Outcome(Predictions(np.full(20, np.nan)), None, 0.1, 0.1, 0.2, 1.0),
        Outcome(Predictions(np.zeros(20, np.float32)), None, 0.1, 0.1, 0.2, 1.0),
        Outcome(Predictions(np.zeros(20)), Failure(type="crash", message="both"), 0.1, 0.1, 0.2, 1.0),
        Outcome(None, Failure.model_construct(type="invented", message="x"), None, None, 0.2, 1.0),
    ],
)
def test_what_is_no_outcome_of_the_trial_is_refused(work, answer):
    with pytest.raises(ValueError, match=r"outcome|values|finite|type"):
        checked(answer, work)


# --- addresses ---


@pytest.mark.parametrize(
    "address",
    ["", "local", "local:0", "local:-1", "local:two", "tcp://host", "tcp://host:0", "tcp://host:70000", "tcp://:8786",
     "host:8786", "http://host:8786", "tcp://host:8786/x", "tcp://host:8786\n"],
)  # fmt: skip
def test_a_malformed_address_is_told(address):
    with pytest.raises(PodiumError, match=r"--cluster: found .*allowed: tcp://HOST:PORT, tls://HOST:PORT, or local:N"):
        Cluster(address, 1)


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Wait for an answer no longer than a second."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("greeting", [None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_scheduler_is_told(greeting):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"

        def answer() -> None:
            with suppress(OSError):
                while greeting is not None:
                    with listener.accept()[0] as caller:
                        caller.recv(1)
                        caller.sendall(greeting)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(PodiumError, match=rf"--cluster {address}: no .*start a scheduler"):
            Cluster(address, 1)


@pytest.mark.usefixtures("impatient")
def test_an_address_that_does_not_answer_is_told():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port, and nothing listens
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(PodiumError, match=f"--cluster {address}: no answer within 1 s"):
            Cluster(address, 1)


def test_the_address_of_a_worker_is_told(machines):
    address = machines.address_of("a")
    with pytest.raises(PodiumError, match="a dask Worker answers there, not a scheduler"):
        Cluster(address, 1)


def test_a_scheduler_without_workers_is_told(others):
    with pytest.raises(PodiumError, match=r"no worker within 0\.2 s; start some with `dask worker tcp://"):
        Cluster(others.address, 1, wait_seconds=0.2)


def test_without_certificates_there_is_no_tls():
    with pytest.raises(PodiumError, match="dask has no certificates here"):
        Cluster("tls://127.0.0.1:8786", 1)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PodiumError, match=r"pip install 'podium\[cluster\]'"):
        Cluster("local:1", 1)
