"""Trials by hand, without a competition around them."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from competition.evaluation import wire
from competition.evaluation.control import Order, Runtime
from competition.evaluation.outcomes import Work

N_ROWS = 60


@pytest.fixture
def folder_for_all() -> Iterator[Path]:
    """An empty folder that every user may enter; pytest's own are for one alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def make_works() -> Iterator[Callable[..., list[tuple[int, Work]]]]:
    """Make trials of a regression, one for each program, with other rows and another seed each."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(N_ROWS, 3)), columns=list("abc"))
    y = X.to_numpy() @ [1.0, -2.0, 3.0] + rng.normal(size=N_ROWS)
    memory = wire.to_memory(wire.table_message(X))

    def make(*programs: str) -> list[tuple[int, Work]]:
        works = []
        for number, program in enumerate(programs):
            rows = np.random.default_rng(number).permutation(N_ROWS)
            order = Order("trial.py", "source", None, False, number, 1, 30.0, 4_000_000_000)
            given = memory, memory, rows[:40], rows[40:], y[rows[:40]]
            works.append((number, Work(order, Runtime(), program.encode(), *given)))
        return works

    yield make
    os.close(memory)


@pytest.fixture(scope="session")
def runs_a_trial() -> Callable[..., bool]:
    """Tell whether below a process there is a fork of a worker of ours that was seen some seconds ago, or before."""
    # The system counts a process's age from a second that is cut off: one seems older than it is.
    first_seen: dict[psutil.Process, float] = {}

    def runs(pid: int, least_seconds: float = 0.0) -> bool:
        children = []
        with suppress(psutil.Error):
            children = psutil.Process(pid).children(recursive=True)
        for child in children:
            with suppress(psutil.Error):  # it may end meanwhile
                command = child.cmdline()
                is_fork = "serve" in command and "python" in command[0] and child.parent().cmdline() == command
                now = time.monotonic()
                if is_fork and now - first_seen.setdefault(child, now) >= least_seconds:
                    return True
        return False

    return runs
