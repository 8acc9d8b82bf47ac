"""Run the attacks on this machine and tell what became of each: what `podium selftest` and CI do."""

import builtins
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from competition.errors import PodiumError, nearest
from competition.evaluation.child import Order
from competition.evaluation.hostile import headers
from competition.evaluation.hostile.catalogue import ATTACKS, QUIET, Attack, Verdict
from competition.evaluation.hostile.decoys import N_ROWS, Decoys, random_bits
from competition.evaluation.hostile.programs import Role, describe, program
from competition.evaluation.sandbox.levels import Level
from competition.evaluation.workers import Outcome, Pool, Runtime, Work

MEMORY_BYTES = 2_200_000_000  # 1.4 GB of them are reserved by libraries, and not used
# What a refusal by the kernel raises in Python.
REFUSALS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, OSError)}
# When the sender sends, when the receiver receives, and how long the sender stays, in seconds.
SEND_AT, RECEIVE_AT, LINGER = 0.15, 0.4, 0.4
TRIES = 3
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
        Whether the verdict is one of those; where nothing is promised, any.
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
        As they end.

    Raises
    ------
    PodiumError
        If there is no attack of a name.
    """
    chosen = choose(names)
    with Decoys() as decoys:
        trials = Trials(level, decoys, jobs)
        for attack, seen, detail, seconds in trials.run(chosen):
            expected = attack.expected[level]
            what = headers.describe(attack.source) if attack.way == "read" else describe(attack.source)
            accepted = attack.accepts(seen, level)
            yield Report(attack, what, expected, seen, _short(detail), accepted, seconds)


def choose(names: Iterable[str]) -> list[Attack]:
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
    text = " ".join(text.split())
    return text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…"


Seen = tuple[Verdict, str]


@dataclass(frozen=True)
class Trials:
    """Attacks as trials at one level, among decoys."""

    level: Level
    decoys: Decoys
    jobs: int

    def run(self, attacks: Iterable[Attack]) -> Iterator[tuple[Attack, Verdict, str, float]]:
        """Run attacks, those first that may run beside each other; attack, verdict, detail and seconds of each."""
        by_way: dict[str, list[Attack]] = {}
        for attack in attacks:
            by_way.setdefault(attack.way, []).append(attack)
        if "beside" in by_way:
            with self._pool(self.jobs) as pool:
                works = ((attack, self.work(attack)) for attack in by_way["beside"])
                for attack, outcome in pool.run(works):
                    yield attack, *self.judge(attack, outcome), outcome.wall_seconds
        for way, n_workers in (("alone", 1), ("in turn", 1), ("at once", 2)):
            if way in by_way:
                with self._pool(n_workers) as pool:
                    self._warm_up(pool, n_workers)
                    for attack in by_way[way]:
                        started = time.monotonic()
                        seen = self._alone(attack, pool) if way == "alone" else self._channel(attack, pool)
                        yield attack, *seen, time.monotonic() - started
        for attack in by_way.get("read", []):
            started = time.monotonic()
            yield attack, *headers.try_file(attack.source), time.monotonic() - started

    def _pool(self, n_workers: int) -> Pool:
        return Pool(n_workers, 1, self.level, Runtime())

    def _warm_up(self, pool: Pool, n_workers: int) -> None:
        """Have every worker do a trial, so that two attacks which start at once do."""
        inspect = Attack("warm-up", "channels", {}, "inspects_scratch")
        list(pool.run([(number, self.work(inspect)) for number in range(n_workers)]))

    def work(self, attack: Attack, role: Role = "single", bits: str = "01" * (N_ROWS // 2), **more: float) -> Work:
        """One trial of an attack; `bits` are the labels that it is given."""
        marker = self.decoys.marker(attack.name)
        values = self.decoys.values | {"MARKER": marker, "TOKEN": marker}
        values |= {name: self.decoys.values.get(value, value) for name, value in attack.parameters.items()}
        order = Order(
            name=f"hostile/{attack.source}.py",
            kind="source",
            classes=[0, 1],
            alone=attack.alone,
            seed=1,
            threads=1,
            seconds=attack.seconds,
            memory_bytes=MEMORY_BYTES,
            cpus=[],
        )
        return Work(
            order=order,
            runtime=Runtime(),
            program=program(attack.source, role, values | more),
            train=self.decoys.train,
            predict=self.decoys.predict,
            train_rows=np.arange(N_ROWS),
            predict_rows=np.arange(N_ROWS),
            y=np.array(list(bits), dtype=np.int32),
        )

    def judge(self, attack: Attack, outcome: Outcome) -> Seen:
        """Verdict on one trial, by what it returned and by what can be seen from outside."""
        found = list(self.decoys.findings(attack.name))
        self.decoys.clear(attack.name)
        if found:
            self.decoys.restore()
            return "OPEN", "; ".join(found)
        return verdict(outcome, self.decoys.secret)

    def _alone(self, attack: Attack, pool: Pool) -> Seen:
        """One trial, and another one that looks at what is left of it."""
        self.decoys.restore()
        ((_, outcome),) = pool.run([("attack", self.work(attack))])
        seen = self.judge(attack, outcome)
        inspector = replace(attack, source="inspects_scratch", seconds=10.0)
        ((_, inspected),) = pool.run([("inspector", self.work(inspector))])
        left = verdict(inspected, self.decoys.secret)
        return seen if left[0] == "held" else ("OPEN", f"the next trial's scratch directory: {left[1]}")

    def _channel(self, attack: Attack, pool: Pool) -> Seen:
        """Two trials, the first of which was given labels that the second one must not learn."""
        seen = self._channel_once(attack, pool)
        for _ in range(TRIES - 1 if attack.way == "at once" or QUIET in attack.needs else 0):
            if seen != ("held", ""):
                break  # it got through or was refused; otherwise it may have been too early, or too late
            seen = self._channel_once(attack, pool)
        return seen

    def _channel_once(self, attack: Attack, pool: Pool) -> Seen:
        self.decoys.restore()
        bits = random_bits()
        at_once = attack.way == "at once"
        send_at, receive_at, linger = (SEND_AT, RECEIVE_AT, LINGER) if at_once else (0.0, 0.0, 0.0)
        works = [
            ("sender", self.work(attack, "sender", bits, WAIT=send_at, LINGER=linger)),
            ("receiver", self.work(attack, "receiver", WAIT=receive_at)),
        ]
        outcomes = dict(pool.run(works))
        self.decoys.clear(attack.name)
        received = outcomes["receiver"].predictions
        if received is not None and "".join(map(str, received.values)).startswith(bits[: attack.bits]):
            return "OPEN", f"{attack.bits} labels arrived"
        seen = [verdict(outcomes[role], self.decoys.secret) for role in ("sender", "receiver")]
        return next((one for one in seen if one[0] != "held"), next((one for one in seen if one[1]), ("held", "")))


def verdict(outcome: Outcome, secret: str) -> Seen:
    """Verdict by what a trial returned.

    Parameters
    ----------
    outcome : Outcome
        Of the trial.
    secret : str
        The digits that it must not have read.
    """
    if outcome.predictions is not None:
        values = outcome.predictions.values
        if "".join(map(str, values)) == secret:
            return "OPEN", "it read the secret"
        return ("OPEN", "it got through") if values.all() else ("held", "")
    failure = outcome.failure
    assert failure is not None
    if failure.type == "infrastructure":
        return "OPEN", failure.message
    if failure.type == "error" and failure.message.split(":")[0] in REFUSALS:
        return "held", failure.message
    if failure.type == "dependency":
        raise AssertionError("an attack has no dependencies")
    return failure.type, failure.message
