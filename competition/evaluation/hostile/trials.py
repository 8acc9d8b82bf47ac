"""Attacks as trials of the real engine, among decoys, and what is to be made of their end."""

import builtins
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from competition.errors import PodiumError
from competition.evaluation.control import Order, Runtime
from competition.evaluation.hostile import headers
from competition.evaluation.hostile.catalogue import QUIET, Attack, Verdict
from competition.evaluation.hostile.decoys import N_ROWS, Decoys, random_bits
from competition.evaluation.hostile.programs import Role, program
from competition.evaluation.outcomes import Outcome, Work
from competition.evaluation.sandbox.levels import Level
from competition.evaluation.workers import Pool

MEMORY_BYTES = 2_200_000_000  # libraries reserve 1.4 GB of address space, which they do not use
# When the sender sends, when the receiver receives, and how long the sender stays, in seconds.
SEND_AT, RECEIVE_AT, LINGER = 0.15, 0.4, 0.4
TRIES = 3
SURE_BITS = 32  # fewer labels may match by luck
ARRIVED = "labels arrived"
LABELS = "01" * (N_ROWS // 2)
# What a refusal by the kernel raises in Python.
REFUSALS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, OSError)}
NOTHING = "OSError: nothing arrived"

Seen = tuple[Verdict, str]  # and what led to it


@dataclass(frozen=True)
class Trials:
    """Attacks at one level of isolation.

    Parameters
    ----------
    level : {"namespaces", "kernel", "none"}
        What holds them.
    decoys : Decoys
        What they are after.
    jobs : int
        Attacks at a time, of those that may run beside others.
    """

    level: Level
    decoys: Decoys
    jobs: int

    def run(self, attacks: Iterable[Attack]) -> Iterator[tuple[Attack, Seen, float]]:
        """Run attacks, each in its way; yield each with its verdict and the seconds that it took."""
        by_way: dict[str, list[Attack]] = {}
        for attack in attacks:
            by_way.setdefault(attack.way, []).append(attack)
        n_beside = self.jobs if "beside" in by_way else 0
        n_workers = max(n_beside, 2 if "at once" in by_way else 0)
        with ExitStack() as stack:
            # Both start at the same time, and import their libraries beside each other.
            n_alone = 1 if {"alone", "in turn"} & set(by_way) else 0
            several, one = (stack.enter_context(self._pool(n)) for n in (n_workers, n_alone))
            for pool, n in ((several, n_workers), (one, n_alone)):
                self._warm_up(pool, n)
            for attack, outcome in several.run((attack, self.work(attack)) for attack in by_way.get("beside", [])):
                yield attack, self._judge(attack, outcome), outcome.wall_seconds
            for way, pool, attempt in (
                ("in turn", one, self._channel),
                ("at once", several, self._channel),
                ("alone", one, self._alone),
            ):
                for attack in by_way.get(way, []):
                    started = time.monotonic()
                    seen = attempt(attack, pool)
                    yield attack, seen, time.monotonic() - started
        for attack in by_way.get("read", []):
            started = time.monotonic()
            yield attack, headers.try_file(attack.source), time.monotonic() - started

    def work(self, attack: Attack, role: Role = "single", labels: str = LABELS, **more: float) -> Work:
        """One trial of an attack; `labels` are the digits that it is given to fit on."""
        order = Order(
            name=f"hostile/{attack.source}.py",
            kind="source",
            classes=[0, 1],
            alone=attack.alone,
            seed=1,
            threads=1,
            seconds=attack.seconds,
            memory_bytes=MEMORY_BYTES,
        )
        return Work(
            order=order,
            runtime=Runtime(),
            program=program(attack.source, role, self.decoys.told(attack.name, attack.parameters) | more),
            train=self.decoys.train,
            predict=self.decoys.predict,
            train_rows=np.arange(N_ROWS),
            predict_rows=np.arange(N_ROWS),
            y=np.array(list(labels), dtype=np.int32),
        )

    def _pool(self, n_workers: int) -> Pool:
        return Pool(n_workers, 1, self.level, Runtime())

    def _warm_up(self, pool: Pool, n_workers: int) -> None:
        """Have every worker do a harmless trial, so that two attacks which are to run at once do.

        Raises
        ------
        PodiumError
            If that fails: then what becomes of attacks tells nothing.
        """
        harmless = self.work(Attack("warm-up", "channels", {}, "inspects_scratch"))
        for _, outcome in pool.run((number, harmless) for number in range(n_workers)):
            if outcome.failure is not None:
                raise PodiumError(f"a harmless trial fails at level {self.level}: {outcome.failure.message}")

    def _judge(self, attack: Attack, outcome: Outcome) -> Seen:
        """Verdict on one trial, by what can be seen from outside and by what it returned."""
        found = list(self.decoys.findings(attack.name))
        if found:
            self.decoys.clear(attack.name)
            self.decoys.restore()
            return "OPEN", "; ".join(found)
        seconds, megabytes = attack.costs
        measured = outcome.peak_memory_mb
        if measured is not None and (outcome.wall_seconds < seconds or measured < megabytes):
            return "OPEN", f"measured {outcome.wall_seconds:.1f} s and {measured:.0f} MB"
        return verdict(outcome, self.decoys.secret)

    def _alone(self, attack: Attack, pool: Pool) -> Seen:
        """One trial, and another one that looks at what is left of it."""
        self.decoys.restore()
        ((_, outcome),) = pool.run([("attack", self.work(attack))])
        seen = self._judge(attack, outcome)
        inspector = replace(attack, source="inspects_scratch", seconds=20.0)
        ((_, inspected),) = pool.run([("inspector", self.work(inspector))])
        left = verdict(inspected, self.decoys.secret)
        return seen if left[0] == "held" else ("OPEN", f"the next trial's scratch directory: {left[1]}")

    def _channel(self, attack: Attack, pool: Pool) -> Seen:
        """Verdict on two trials, after a few tries where it is a matter of time whether labels arrive."""
        by_chance = QUIET in attack.needs or (attack.way == "at once" and "OPEN" in attack.expected["none"])
        for _ in range(TRIES if by_chance else 1):
            seen = self._pass_on(attack, pool)
            if self._may_be_luck(attack, seen):
                seen = self._pass_on(attack, pool)
            if seen not in (("held", ""), ("held", NOTHING)):
                break
        return seen

    def _may_be_luck(self, attack: Attack, seen: Seen) -> bool:
        is_unexpected = ARRIVED in seen[1] and not attack.accepts(seen[0], self.level)
        return is_unexpected and attack.bits < SURE_BITS

    def _pass_on(self, attack: Attack, pool: Pool) -> Seen:
        """Two trials, the first of which is given labels that the second one must not learn."""
        self.decoys.restore()
        labels = random_bits()
        send_at, receive_at, linger = (SEND_AT, RECEIVE_AT, LINGER) if attack.way == "at once" else (0.0, 0.0, 0.0)
        works = [
            ("sender", self.work(attack, "sender", labels, WAIT=send_at, LINGER=linger)),
            ("receiver", self.work(attack, "receiver", WAIT=receive_at)),
        ]
        outcomes = dict(pool.run(works))
        self.decoys.clear(attack.name)
        received = outcomes["receiver"].predictions
        if received is not None and "".join(map(str, received.values)).startswith(labels[: attack.bits]):
            return "OPEN", f"{attack.bits} {ARRIVED} in {outcomes['receiver'].wall_seconds:.1f} s"
        seen = [self._judge(attack, outcomes[role]) for role in ("sender", "receiver")]
        return next((one for one in seen if one[0] != "held"), next((one for one in seen if one[1]), ("held", "")))


def verdict(outcome: Outcome, secret: str) -> Seen:
    """Verdict on a trial by what it returned; `secret` are the digits that it must not have read."""
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
    # Most attacks are made for Linux and stumble elsewhere.
    if failure.type == "dependency" or (failure.type == "error" and sys.platform != "linux"):
        return "not tried", failure.message
    return failure.type, failure.message
