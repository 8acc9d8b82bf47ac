"""The worker, spoken to over its socket."""

import contextlib
import os
import signal
import socket
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from competition.evaluation import child, watch, wire
from competition.evaluation.control import Descriptors, Ended, Order, Runtime, Setting, receive, send
from competition.evaluation.sandbox.confine import Confinement

ORDER = Order("s.py", "source", [0, 1], False, 1, 1, 20.0, 4 * 10**9)
SETTING = Setting(Confinement("none", ()), Runtime())
KILLS_ITSELF = b"import os\n\ndef make_estimator(random_state, n_threads):\n    os.kill(os.getpid(), 9)\n"


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """The socket of a worker in whose eyes the kernel kills for want of memory whenever it is asked."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    kills = iter(range(10))
    monkeypatch.setattr(watch, "kills_for_memory", lambda: next(kills))
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.chdir(scratch)
        child.serve(theirs, SETTING)
        os._exit(0)
    theirs.close()
    with ours:
        yield ours, scratch, pid
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def ended(worker, order, program=KILLS_ITSELF):
    table = wire.to_memory(wire.table_message(pd.DataFrame({"x": [0.0, 1.0]})))
    rows = np.arange(2)
    given = wire.to_memory(wire.encode({"train_rows": rows, "predict_rows": rows, "y": rows}, {}))
    read, write = os.pipe()
    descriptors = Descriptors(wire.to_memory([program]), table, table, given, write)
    send(worker, asdict(order), list(descriptors))
    for descriptor in {*descriptors, read}:
        os.close(descriptor)
    message, _ = receive(worker)
    return Ended(**message)


def test_a_process_that_the_kernel_killed_for_want_of_memory_is_not_to_blame(worker):
    told = ended(worker[0], ORDER)
    assert told.status == -signal.SIGKILL
    assert "memory" in told.trouble
    assert 0.001 < told.reference_seconds < 1


def test_a_trial_that_could_not_be_set_up_says_why(worker):
    told = ended(worker[0], Order(**asdict(ORDER) | {"memory_bytes": 2**70}))
    assert told.status == 1
    assert told.trouble.startswith("the trial could not be set up: ")


def test_a_worker_whose_harness_has_gone_removes_its_scratch(worker):
    control, scratch, pid = worker
    assert scratch.is_dir()
    (scratch / "left").write_text("left")
    control.close()
    os.waitpid(pid, 0)
    assert not scratch.exists()
