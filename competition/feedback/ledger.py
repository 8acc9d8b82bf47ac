"""What was handed in of a sealed competition and what was told of it: a file beside the key, one process at a time."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from competition.errors import PodiumError
from competition.feedback.published import (
    AuthorLooks,
    Feedback,
    Kind,
    Release,
    Told,
    account_of,
    accounts,
    parse,
    to_json,
)
from competition.results import Predictions
from competition.vault import Vault


class Look(BaseModel):
    """Predictions that were handed in.

    Parameters
    ----------
    at : datetime
        In UTC.
    predictions : str
        Their fingerprint; they lie in the vault.
    release : Release or None
        The public score that was told of them; None where that of the author stayed as it was.
    counted : bool
        Whether it counts as a look: not where an author hands in the same predictions under another name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: datetime
    authors: tuple[str, ...]
    name: str
    kind: Kind
    predictions: str
    release: Release | None
    counted: bool = True

    @property
    def accounts(self) -> frozenset[str]:
        """Names under which it is counted."""
        return accounts(self.authors)

    def is_same_as(self, other: "Look") -> bool:
        """Whether both are the same predictions of the same authors under the same name."""
        mine, others = ((one.accounts, one.kind, one.name, one.predictions) for one in (self, other))
        return mine == others


class Ledger(BaseModel):
    """All that was handed in, in order.

    Parameters
    ----------
    key : str
        What the answer key is known by that scored it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    key: str
    looks: tuple[Look, ...] = ()

    def with_look(self, look: Look) -> "Ledger":
        """Return the ledger with one look more."""
        return self.model_copy(update={"looks": (*self.looks, look)})

    def has(self, solution: str, authors: Sequence[str], predictions: str | None) -> bool:
        """Whether these predictions of a solution were handed in."""
        wanted = ("solution", solution, accounts(authors), predictions)
        return any((look.kind, look.name, look.accounts, look.predictions) == wanted for look in self.looks)

    def of(self, names: frozenset[str]) -> list[Look]:
        """Looks in which one of these accounts has a part."""
        return [look for look in self.looks if look.accounts & names]

    def counted(self, name: str) -> list[Look]:
        """Looks that count for an account."""
        return [look for look in self.looks if look.counted and name in look.accounts]

    def best(self, names: frozenset[str], *, greater_is_better: bool) -> Look | None:
        """The look with the best public score that one of these accounts was told."""
        told = [(look.release.score, look) for look in self.of(names) if look.release is not None]
        sign = 1.0 if greater_is_better else -1.0
        return max(told, key=lambda one: sign * one[0])[1] if told else None

    def same(self, names: frozenset[str], predictions: str) -> Look | None:
        """The look at which these accounts handed in the same predictions, None where one of them has not."""
        found = [look for look in self.looks if look.predictions == predictions and names <= look.accounts]
        return found[0] if found else None

    def public(self, slug: str, metric: str, *, greater_is_better: bool) -> Feedback:
        """Return what may stand in the repository."""
        names = {account_of(name): name for look in reversed(self.looks) for name in look.authors}
        authors = []
        for account, name in sorted(names.items()):
            best = self.best(frozenset([account]), greater_is_better=greater_is_better)
            authors.append(AuthorLooks(author=name, looks=len(self.counted(account)), best=best and best.release))
        told = [
            Told(solution=look.name, authors=look.authors, predictions=look.predictions, release=look.release)
            for look in self.looks
            if look.kind == "solution"
        ]
        return Feedback(competition=slug, metric=metric, authors=tuple(authors), solutions=tuple(told))


@dataclass(frozen=True)
class Books:
    """The ledger of a vault while this process alone has it."""

    vault: Vault

    def read(self, key: str) -> Ledger:
        """Read the ledger, an empty one where there is none.

        Raises
        ------
        PodiumError
            If it is not as it was written, or of another key.
        """
        path = self.vault.ledger
        if not path.exists():
            return Ledger(key=key)
        ledger = parse(path.read_bytes(), Ledger, path)
        if ledger.key != key:
            raise PodiumError(f"{path} is of another key of '{self.vault.slug}'", "the two belong together")
        return ledger

    def write(self, ledger: Ledger) -> None:
        """Replace the ledger."""
        self.vault.write(self.vault.ledger, to_json(ledger).encode())

    def put(self, predictions: Predictions) -> None:
        """Keep predictions."""
        path = self.vault.predictions(predictions.fingerprint)
        if path.exists():
            return
        arrays = {"values": predictions.values}
        if predictions.scores is not None:
            arrays |= {"scores": predictions.scores, "kind": np.array(predictions.score_kind)}
        buffer = BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self.vault.write(path, buffer.getvalue())

    def get(self, fingerprint: str) -> Predictions:
        """Return predictions that were kept.

        Raises
        ------
        PodiumError
            If they are not there as they were kept.
        """
        path = self.vault.predictions(fingerprint)
        try:
            with np.load(BytesIO(path.read_bytes())) as arrays:
                has_scores = "scores" in arrays.files
                scores, kind = (arrays["scores"], str(arrays["kind"])) if has_scores else (None, None)
                predictions = Predictions(arrays["values"], scores, kind)  # type: ignore[arg-type]
        except (OSError, ValueError, KeyError) as error:
            raise PodiumError(f"cannot read {path}: {error}") from None
        if predictions.fingerprint != fingerprint:
            raise PodiumError(f"{path} has changed since it was handed in")
        return predictions


@contextmanager
def opened(vault: Vault) -> Iterator[Books]:
    """Give the ledger to this process alone, and wait while another one has it."""
    lock = os.open(vault.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Books(vault)
    finally:
        os.close(lock)


def today(looks: Sequence[Look], now: datetime) -> int:
    """Count the looks of the day of `now`, by UTC."""
    day = now.astimezone(UTC).date()
    return sum(look.at.astimezone(UTC).date() == day for look in looks)
