"""Locks for a process that starts no other: `multiprocessing` asks the kernel for named semaphores in ``/dev/shm``.

Thread pools use them too, scikit-learn's forests through joblib for one, and a folder that all trials can write to is a
way from one to the next. These ones live in memory.
"""

import importlib
import threading
from types import TracebackType
from typing import Self

RECURSIVE_MUTEX = 0


class SemLock:
    """Stands in for ``_multiprocessing.SemLock``: a recursive mutex or a semaphore among threads.

    Parameters
    ----------
    kind : int
        `RECURSIVE_MUTEX`, or 1 for a semaphore.
    value, maxvalue : int
        Free places, now and at most.
    name : str
        Unused, as is `unlink`: there is nothing in the file system.
    """

    SEM_VALUE_MAX = 2**31 - 1
    handle = 0
    name: str | None = None

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind = kind
        self.maxvalue = maxvalue
        self._value = value
        self._held = 0
        self._owner: int | None = None
        self._changed = threading.Condition(threading.Lock())

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a place; False if none became free in `timeout` seconds."""
        with self._changed:
            if self.kind == RECURSIVE_MUTEX and self._owner == threading.get_ident():
                self._held += 1
                return True
            if not self._changed.wait_for(lambda: self._value > 0, timeout if block else 0):
                return False
            self._value -= 1
            self._held += 1
            self._owner = threading.get_ident()
            return True

    def release(self) -> None:
        """Free a place.

        Raises
        ------
        AssertionError
            If a mutex is another thread's.
        ValueError
            If more places would be free than there are.
        """
        with self._changed:
            if self.kind == RECURSIVE_MUTEX:
                if self._owner != threading.get_ident():
                    raise AssertionError("attempt to release recursive lock not owned by thread")
                if self._held > 1:
                    self._held -= 1
                    return
            elif self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._value += 1
            self._held -= 1
            self._owner = None
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        self._held = 0

    @classmethod
    def _rebuild(cls, handle: int, kind: int, maxvalue: int, name: str) -> Self:
        raise OSError("a lock cannot be handed to another process here")


def replace_process_locks() -> None:
    """Make `multiprocessing` use them from now on in this process and those that it forks."""
    vars(importlib.import_module("_multiprocessing"))["SemLock"] = SemLock
    # Shared values and barriers: in the temporary folder, not in /dev/shm.
    importlib.import_module("multiprocessing.heap").Arena._dir_candidates = []
