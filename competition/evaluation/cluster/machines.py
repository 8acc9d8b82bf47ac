"""What the machines of a cluster are like, and which of them may run trials."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import competition
from competition import packages
from competition.errors import PodiumError
from competition.evaluation.sandbox.levels import Level, choose
from competition.evaluation.sources import CLUSTER_SOURCES, fingerprint
from competition.evaluation.surroundings import Surroundings, surroundings

MISSING = "none"
SHOWN = 5


@dataclass(frozen=True)
class Description:
    """What a machine runs trials with.

    Parameters
    ----------
    podium, harness : str
        Version of the harness, and fingerprint of its sources that a worker runs beside trials.
    surroundings : Surroundings
        What a trial runs in there.
    packages : mapping
        Version by distribution, of those that were asked for; ``"none"`` where one is missing.
    """

    podium: str
    harness: str
    surroundings: Surroundings
    packages: Mapping[str, str]

    @classmethod
    def here(cls, level: Level, versions: Mapping[str, str]) -> "Description":
        """Describe this machine, with the versions of some packages."""
        return cls(competition.__version__, fingerprint(CLUSTER_SOURCES), surroundings(level), versions)

    def facts(self) -> dict[str, str]:
        """What must be the same on every machine of a run, the submitting one included."""
        return {
            "podium": self.podium,
            "sources of the worker": self.harness,
            "sources of the trials": self.surroundings.child,
            "Python": self.surroundings.python,
            **self.packages,
        }

    def facts_of_workers(self) -> dict[str, str]:
        """What must be the same on all workers."""
        where = self.surroundings
        return {"platform": where.platform, "numerics": where.numerics, "isolation": where.isolation}


def describe(isolation: str | None, names: Iterable[str]) -> Description:
    """Describe the machine that this runs on, with the versions of some distributions.

    Raises
    ------
    PodiumError
        If it does not hold the level of isolation that is demanded, or that cannot be tried.
    """
    try:
        return Description.here(_level(isolation), versions(names))
    except OSError as error:
        raise PodiumError(f"its isolation cannot be tried: {error}") from None


def versions(names: Iterable[str]) -> dict[str, str]:
    """Version of each distribution here, ``"none"`` for those that are missing."""
    found = packages.versions(names)
    return {name: found.get(name, MISSING) for name in names}


@cache
def _level(isolation: str | None) -> Level:
    return choose(isolation)


def refusal(
    worker: str, answer: Description | Exception, here: Description, first: tuple[str, Description] | None
) -> PodiumError | None:
    """Say why a worker must not run trials, None if it may.

    Parameters
    ----------
    worker : str
        Its address.
    answer : Description or Exception
        What it says of itself, or why it could not.
    here : Description
        Of the submitting machine.
    first : tuple of str and Description, or None
        Address and description of the worker that this one has to be like.
    """
    if isinstance(answer, PodiumError):
        return PodiumError(f"worker {worker}: {answer.message}", answer.hint)
    if isinstance(answer, Exception):
        why = f"{type(answer).__name__}: {answer}"
        return PodiumError(f"worker {worker} cannot run this podium ({why})", "install the same version there")
    differs = _differences(answer.facts(), here.facts(), "here")
    if differs:
        hint = "install the same there and start the worker again"
        return PodiumError(f"worker {worker} differs from this machine: {differs}", hint)
    if first is None:
        return None
    differs = _differences(answer.facts_of_workers(), first[1].facts_of_workers(), f"on {first[0]}")
    if differs:
        hint = "results of one run come from machines that compute alike; `--isolation` demands one level of them all"
        return PodiumError(f"worker {worker} differs from the others: {differs}", hint)
    return None


def _differences(theirs: Mapping[str, str], wanted: Mapping[str, str], where: str) -> str:
    found = [f"{what} {theirs[what]} there, {wanted[what]} {where}" for what in wanted if theirs[what] != wanted[what]]
    return "; ".join(found[:SHOWN]) + (f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
