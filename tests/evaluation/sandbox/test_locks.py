"""The locks that stand in for those of processes."""

import multiprocessing
import subprocess
import sys
import threading
from multiprocessing.context import BaseContext

import pytest

from competition.evaluation.sandbox.locks import SemLock


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> BaseContext:
    """`multiprocessing` with these locks."""
    monkeypatch.setattr("_multiprocessing.SemLock", SemLock)
    return multiprocessing.get_context("fork")


def elsewhere(call) -> object:
    """Call in another thread, and return what it returned or raised."""
    seen: list[object] = []

    def run() -> None:
        try:
            seen.append(call())
        except Exception as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return seen[0]


def test_a_lock_keeps_others_out(context):
    lock = context.Lock()
    assert lock.acquire()
    assert not elsewhere(lambda: lock.acquire(block=False))
    assert not elsewhere(lambda: lock.acquire(timeout=0.01))
    lock.release()
    assert elsewhere(lambda: lock.acquire(block=False))


def test_a_recursive_lock_is_taken_again_by_its_owner_alone(context):
    lock = context.RLock()
    with lock, lock:
        assert not elsewhere(lambda: lock.acquire(block=False))
        assert isinstance(elsewhere(lock.release), AssertionError)
    assert elsewhere(lambda: lock.acquire(block=False))


def test_a_semaphore_counts(context):
    semaphore = context.BoundedSemaphore(2)
    assert [semaphore.acquire(block=False) for _ in range(3)] == [True, True, False]
    semaphore.release()
    assert semaphore.get_value() == 1
    semaphore.release()
    with pytest.raises(ValueError, match="too many"):
        semaphore.release()


def test_conditions_and_events_wake_other_threads(context):
    event = context.Event()
    thread = threading.Thread(target=event.set)
    thread.start()
    assert event.wait(60)
    thread.join()
    condition = context.Condition()
    with condition:
        assert not condition.wait(0.01)


def test_joblib_and_a_pool_of_threads_find_locks_that_work():
    program = """
from competition.evaluation.sandbox.locks import replace_process_locks
replace_process_locks()
import joblib
from joblib._multiprocessing_helpers import mp
assert mp is not None
print(sum(joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(abs)(i) for i in range(-9, 1))))
"""
    told = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "45\n"), told.stderr
