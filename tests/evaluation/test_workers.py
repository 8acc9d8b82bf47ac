"""The pool: cores, who waits for whom, and what it leaves behind."""

import contextlib
import os
import tempfile
import time
from uuid import uuid4

import psutil
import pytest

from competition.evaluation import workers
from competition.evaluation.control import Runtime
from competition.evaluation.sandbox.levels import LEVELS, probe
from competition.evaluation.worker import Worker
from competition.evaluation.workers import Pool

PROGRAM = """
import os
import time

import numpy as np

class Estimator:
    def fit(self, X, y):
        time.sleep({seconds})
        return self

    def predict(self, X):
        return np.full(len(X), float(sum(2**core for core in os.sched_getaffinity(0))))

def make_estimator(random_state, n_threads):
    return Estimator()
"""
QUICK, SLOW = PROGRAM.format(seconds=0), PROGRAM.format(seconds=20)


def test_a_job_keeps_to_its_cores_from_its_workers_start(make_works, strongest):
    core = max(os.sched_getaffinity(0))
    others = {child.pid for child in psutil.Process().children(recursive=True)}
    with Pool(1, 1, strongest, cpus=[[core]]) as pool:
        outcomes = dict(pool.run(make_works(QUICK, QUICK)))
        workers = [
            child
            for child in psutil.Process().children(recursive=True)
            if child.pid not in others and "serve" in child.cmdline()
        ]
        # A fork stays where its worker is, so that no other core has to wake up.
        assert [core] in [worker.cpu_affinity() for worker in workers]
    assert {float(outcome.predictions.values[0]) for outcome in outcomes.values()} == {2.0**core}


def test_the_next_trial_runs_while_the_last_is_looked_at(make_works, strongest, runs_a_trial):
    with Pool(1, 1, strongest, cpus=[[]]) as pool:
        outcomes = pool.run(make_works(QUICK, SLOW))
        number, outcome = next(outcomes)
        assert (number, outcome.failure) == (0, None)
        # Nobody asks for the second outcome, and yet it is under way.
        deadline = time.monotonic() + 15
        while not (is_under_way := runs_a_trial(os.getpid())) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert is_under_way


def test_trials_under_way_are_ended_when_nobody_wants_more(make_works, strongest, runs_a_trial):
    with Pool(1, 1, strongest, cpus=[[]]) as pool:
        outcomes = pool.run(make_works(QUICK, SLOW, SLOW))
        assert next(outcomes)[0] == 0
        outcomes.close()
        assert not runs_a_trial(os.getpid())
        # The pool goes on with other trials, and gives no outcome of the old ones.
        assert [number for number, outcome in pool.run(make_works(QUICK)) if outcome.failure is None] == [0]


@pytest.mark.parametrize("level", LEVELS)
def test_a_pool_leaves_no_folder_behind(make_works, level, folder_for_all, monkeypatch):
    if not probe(level).holds:
        pytest.skip(f"{level} is not held here")
    monkeypatch.setattr(tempfile, "tempdir", str(folder_for_all))
    with Pool(2, 1, level, cpus=[[]] * 2) as pool:
        assert all(outcome.failure is None for _, outcome in pool.run(make_works(QUICK, QUICK)))
        # At level namespaces scratch is memory of the worker's own, so that not even a killed run leaves anything.
        assert len(list(folder_for_all.iterdir())) == (0 if level == "namespaces" else 2)
    assert list(folder_for_all.iterdir()) == []


def test_a_worker_that_cannot_be_started_takes_the_others_with_it(strongest, monkeypatch):
    started = []

    class Second(Worker):
        def __init__(self, *args):
            if started:
                raise OSError("no more processes")
            super().__init__(*args)
            started.append(self)

    monkeypatch.setattr(workers, "Worker", Second)
    with pytest.raises(OSError, match="no more processes"):
        Pool(2, 1, strongest, cpus=[[]] * 2)
    assert started[0].process.poll() is not None


def test_a_worker_that_is_closed_as_it_starts_leaves_no_process_behind(strongest):
    mark = f"no_module_{uuid4().hex}"  # stands in the command line of all that belongs to these workers
    for step in range(24):
        with Pool(1, 1, strongest, Runtime((mark,)), cpus=[[]]):
            time.sleep(step * 0.0005)  # bubblewrap takes about as long to become the worker
    deadline = time.monotonic() + 10
    while (left := _processes_with(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in left:
        process.kill()
    assert left == []


def _processes_with(mark):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and mark in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_trial_is_taken_once_and_no_earlier_than_needed(make_works, strongest, jobs):
    taken = []

    def handed_out():
        for number, work in make_works(*[QUICK] * 6):
            taken.append(number)
            yield number, work

    with Pool(jobs, 1, strongest, cpus=[[]] * jobs) as pool:
        found = []
        for number, outcome in pool.run(handed_out()):
            assert outcome.failure is None
            found.append(number)
            # Those under way, and one at hand.
            assert len(taken) <= len(found) + jobs + 1
    assert sorted(found) == taken == list(range(6))
