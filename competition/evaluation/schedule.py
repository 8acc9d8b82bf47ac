"""In which order trials begin."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from statistics import median


class LongestFirst:
    """Begin the longest trials first, so that the last ones to end are short ones and no core waits for long.

    How long a trial takes is known from an earlier run, or from the first trial of the same program in this one; a
    program of which nothing is known is tried before the others. Programs that need a worker of their own kind are
    kept together, and come before those that share one.

    Parameters
    ----------
    programs : sequence of str
        Program of each trial.
    expected : mapping
        Seconds of a trial, by program, as far as they are known.
    kinds : mapping
        The kind of worker, by program.
    """

    def __init__(
        self, programs: Sequence[str], expected: Mapping[str, float], kinds: Mapping[str, Hashable] | None = None
    ) -> None:
        self._waiting: dict[str, deque[int]] = {}
        for number, name in enumerate(programs):
            self._waiting.setdefault(name, deque()).append(number)
        self._seconds = {name: expected[name] for name in self._waiting if name in expected}
        self._begun: set[str] = set()
        self._place = _places([(kinds or {}).get(name) for name in self._waiting], list(self._waiting))

    def __iter__(self) -> Iterator[int]:
        """Yield the number of the trial to begin next; asked anew each time, so that `took` counts."""
        while self._waiting:
            name = min(self._waiting, key=self._rank)
            self._begun.add(name)
            number = self._waiting[name].popleft()
            if not self._waiting[name]:
                del self._waiting[name]
            yield number

    def took(self, name: str, seconds: float) -> None:
        """Tell how long a trial of a program took."""
        self._seconds[name] = seconds

    def _rank(self, name: str) -> tuple[int, int, float]:
        seconds = self._seconds.get(name)
        if seconds is None and name not in self._begun:
            return self._place[name], 0, 0.0
        typical = median(self._seconds.values()) if self._seconds else 0.0
        return self._place[name], 1, -(typical if seconds is None else seconds)


def _places(kinds: Sequence[Hashable], names: Sequence[str]) -> dict[str, int]:
    """Place of each program's kind of worker: the one that most programs share comes last."""
    by_share = [kind for kind, _ in sorted(Counter(kinds).items(), key=lambda item: item[1])]
    return {name: by_share.index(kind) for name, kind in zip(names, kinds, strict=True)}
