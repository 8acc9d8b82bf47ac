"""Which trial goes to which worker of a cluster next."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from competition.evaluation.cluster.machines import Description
from competition.evaluation.outcomes import Work


@dataclass
class Member:
    """A dask worker that was accepted, and what it holds."""

    address: str
    jobs: int
    description: Description
    cpus: list[int]
    site: Any = None
    taken: dict[str, float] = field(default_factory=dict)  # when each table of features went over
    has_failed: bool = False


@dataclass
class Trial:
    """A trial, waiting or under way."""

    key: Any
    work: Work
    tries: int = 0
    begun: float = 0.0
    member: Member | None = None
    future: Any = None
    trouble: str = ""
    failed_on: set[str] = field(default_factory=set)  # addresses


def free(members: Mapping[str, Member], under_way: Iterable[Trial]) -> list[Member]:
    """Return the workers that have a free slot, those with the largest share of free ones first."""
    busy = Counter(trial.member.address for trial in under_way if trial.member)
    shares = {address: busy[address] / member.jobs for address, member in members.items()}
    return [members[address] for address in sorted(shares, key=shares.__getitem__) if shares[address] < 1]


def choose(
    again: deque[Trial], untried: Iterator[Trial], members: Mapping[str, Member], under_way: Iterable[Trial]
) -> tuple[Trial, Member] | None:
    """Take out a trial that can begin now, and choose its worker.

    One that has failed goes before those that were not tried, to a worker that it has not failed on while there is
    one, be it busy for now.

    Parameters
    ----------
    again : deque of Trial
        Those that have to be tried again.
    untried : iterator of Trial
        The others. One is taken only if it can begin: the labels of those to come take no memory, and lie nowhere else.
    members : mapping
        The workers, by address.
    under_way : iterable of Trial
        Those that they are busy with.

    Returns
    -------
    tuple of Trial and Member, or None
        None if there is no trial or no worker for one; with nothing under way, some trial suits some worker.
    """
    workers = free(members, under_way)
    for trial in again:
        is_everywhere = members.keys() <= trial.failed_on
        for member in workers:
            if is_everywhere or member.address not in trial.failed_on:
                again.remove(trial)
                return trial, member
    if workers and (first := next(untried, None)) is not None:
        return first, workers[0]
    return None
