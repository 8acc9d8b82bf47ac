"""Try hostile solutions on this machine and tell what became of each: what `podium selftest` and CI do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from competition.errors import PodiumError, nearest
from competition.evaluation.hostile import headers
from competition.evaluation.hostile.catalogue import ATTACKS, Attack, Verdict
from competition.evaluation.hostile.decoys import Decoys
from competition.evaluation.hostile.programs import describe
from competition.evaluation.hostile.trials import Trials
from competition.evaluation.sandbox.levels import Level
from competition.text import clean

MAX_DETAIL = 120


@dataclass(frozen=True)
class Report:
    """What became of an attack.

    Parameters
    ----------
    attack : Attack
        As the catalogue has it.
    what : str
        What it tries, in a line.
    expected : tuple of str
        Verdicts that were to be expected at this level.
    seen : str
        The verdict.
    detail : str
        What stopped it, or how it got through.
    as_expected : bool
        Whether the verdict is one of those; where nothing is promised, an attack may fail as well.
    seconds : float
        Wall time.
    """

    attack: Attack
    what: str
    expected: tuple[Verdict, ...]
    seen: Verdict
    detail: str
    as_expected: bool
    seconds: float


def run(level: Level, jobs: int = 2, names: Iterable[str] = ()) -> Iterator[Report]:
    """Try attacks at a level of isolation, which this machine must hold.

    Parameters
    ----------
    level : {"namespaces", "kernel", "none"}
        What holds them.
    jobs : int
        Attacks at a time, of those that do not disturb each other.
    names : iterable of str
        Which; all where empty.

    Yields
    ------
    Report
        As they end. One that was stopped, but not as expected, is tried once more by itself.

    Raises
    ------
    PodiumError
        If there is no attack of a name.
    """
    chosen = choose(list(names))
    with Decoys() as decoys:
        stopped_otherwise = []
        for report in _reports(chosen, level, decoys, jobs):
            if report.as_expected or report.seen == "OPEN":
                yield report
            else:
                stopped_otherwise.append(report.attack)
        # A busy machine ends some of them in another way; what got through is never tried again.
        if stopped_otherwise:
            yield from _reports(stopped_otherwise, level, decoys, jobs=1)


def _reports(attacks: list[Attack], level: Level, decoys: Decoys, jobs: int) -> Iterator[Report]:
    for attack, (seen, detail), seconds in Trials(level, decoys, jobs).run(attacks):
        what = headers.describe(attack.source) if attack.way == "read" else describe(attack.source)
        short = _short(detail.replace(decoys.folder, "…"))
        accepted = attack.accepts(seen, level)
        yield Report(attack, what, attack.expected[level], seen, short, accepted, seconds)


def choose(names: list[str]) -> list[Attack]:
    """Return the attacks of some names, or all.

    Raises
    ------
    PodiumError
        If there is none of a name.
    """
    by_name = {attack.name: attack for attack in ATTACKS}
    for name in names:
        if name not in by_name:
            raise PodiumError(f"there is no attack '{name}'", nearest(name, by_name))
    return [by_name[name] for name in names] or list(ATTACKS)


def _short(text: str) -> str:
    text = clean(text)  # attacks have written some of it
    return text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…"
