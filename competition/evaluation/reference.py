"""The reference job: what a second on this machine is worth, so that costs from different machines can be compared.

It does what fits do, in small: it sorts, it runs through memory, it computes on bytes; with the standard library alone,
so that no version of another package changes the unit.
"""

import random
import time
import zlib
from functools import cache

N_NUMBERS = 60_000
N_BYTES = 400_000
REPEATS = 3
VALID_SECONDS = 20.0


@cache
def _numbers() -> list[float]:
    generator = random.Random(0)
    return [generator.random() for _ in range(N_NUMBERS)]


def reference_seconds() -> float:
    """Time the reference job: the shortest of three runs, since whatever else runs only makes it longer.

    Returns
    -------
    float
        Processor seconds of this thread.
    """
    numbers = _numbers()
    text = repr(numbers)[:N_BYTES].encode()
    spent = []
    for _ in range(REPEATS):
        started = time.thread_time()
        sorted(numbers)
        sum(number * number for number in numbers)
        zlib.compress(text, 1)
        spent.append(time.thread_time() - started)
    return min(spent)


class Reference:
    """The reference job's time, taken anew when the last one is older than `VALID_SECONDS`."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._taken: float | None = None

    def seconds(self) -> float:
        """Return the time that counts now."""
        now = time.monotonic()
        if self._taken is None or now - self._taken > VALID_SECONDS:
            self._seconds = reference_seconds()
            self._taken = now
        return self._seconds
