"""The organiser's desk: takes in predictions of held-out rows whose key is sealed, and tells what may be told."""

from dataclasses import dataclass
from datetime import UTC, datetime

from competition.dataset import Prepared
from competition.definition import Competition
from competition.errors import PodiumError
from competition.feedback.answers import AnswerKey, read_answer_key
from competition.feedback.ladder import Rung, climb
from competition.feedback.ledger import Books, Ledger, Look, opened, today
from competition.feedback.published import (
    Closed,
    Kind,
    Release,
    account_of,
    feedback_file,
    parse,
    read_published,
    to_json,
)
from competition.repository import Repository, write_text
from competition.results import Predictions
from competition.text import clean
from competition.vault import Vault

MAX_AUTHOR = 80


@dataclass(frozen=True)
class Handed:
    """What is handed in.

    Parameters
    ----------
    authors : tuple of str
        Whose look it is; of several, each one's.
    name : str
        Of the solution, or of the submission's file.
    predictions : Predictions
        Of all held-out rows, in their order.
    """

    authors: tuple[str, ...]
    name: str
    kind: Kind
    predictions: Predictions


@dataclass(frozen=True)
class Answer:
    """What the authors are told.

    Parameters
    ----------
    release : Release or None
        The public score of what was handed in; None where it is not significantly better than their best.
    best : Release or None
        The best public score of its authors; None where the rules give no feedback.
    looks : dict
        Number of looks of each author.
    is_new : bool
        Whether it was counted as a look: the same predictions again are none.
    """

    release: Release | None
    best: Release | None
    looks: dict[str, int]
    is_new: bool


@dataclass(frozen=True)
class Desk:
    """Where predictions are handed in. Any number of processes may have one on the same vault.

    Parameters
    ----------
    repository : Repository
        Where the public part is written.
    vault : Vault
        Where the rest is.
    answers : AnswerKey
        What scores.
    """

    repository: Repository
    vault: Vault
    answers: AnswerKey

    @classmethod
    def open(cls, repository: Repository, prepared: Prepared, vault: Vault) -> "Desk":
        """Read the key.

        Raises
        ------
        PodiumError
            If it is not there, not the one of this data, or the public half is too small for feedback.
        """
        answers = read_answer_key(vault, prepared)
        if prepared.definition.feedback is not None:
            answers.check_clusters()
        return cls(repository, vault, answers)

    @property
    def definition(self) -> Competition:
        """The rules."""
        return self.answers.prepared.definition

    @property
    def key(self) -> str:
        """What the key is known by."""
        return self.answers.prepared.manifest.key or ""

    def hand_in(self, handed: Handed, now: datetime | None = None) -> Answer:
        """Take predictions in: count the look, let the Ladder decide, and write what is public.

        Parameters
        ----------
        now : datetime, optional
            With a time zone; the present if not given.

        Raises
        ------
        PodiumError
            If the competition is closed, an author has no look left today, or the metric needs what is not there.
        """
        _check_names(handed)
        with opened(self.vault) as books:
            refuse_closed(self.repository, self.vault)
            ledger = books.read(self.key)
            look, ledger = self._look(handed, now or datetime.now(UTC), books, ledger)
            books.put(handed.predictions)
            books.write(ledger)
            self.publish(ledger)
        best = ledger.best(look.accounts, greater_is_better=self._greater)
        counts = {name: len(ledger.counted(account_of(name))) for name in look.authors}
        return Answer(look.release, best.release if best else None, counts, look.counted)

    def publish(self, ledger: Ledger) -> None:
        """Write the public part of a ledger."""
        metric = self.definition.metric.primary
        feedback = ledger.public(self.definition.slug, metric, greater_is_better=self._greater)
        write_text(feedback_file(self.repository, self.definition.slug), to_json(feedback))

    @property
    def _greater(self) -> bool:
        return self.definition.primary.greater_is_better

    def _look(self, handed: Handed, now: datetime, books: Books, ledger: Ledger) -> tuple[Look, Ledger]:
        """Make a look of what is handed in; the ledger after it."""
        look = Look(
            at=now.astimezone(UTC).replace(microsecond=0),
            authors=tuple(clean(name) for name in handed.authors),
            name=handed.name,
            kind=handed.kind,
            predictions=handed.predictions.fingerprint,
            release=None,
        )
        earlier = ledger.same(look.accounts, look.predictions)
        if earlier is not None:
            again = look.model_copy(update={"release": earlier.release, "counted": False})
            return again, ledger if any(map(again.is_same_as, ledger.looks)) else ledger.with_look(again)
        self._check_limit(handed, now, ledger)
        look = look.model_copy(update={"release": self._release(look, handed, books, ledger)})
        return look, ledger.with_look(look)

    def _release(self, look: Look, handed: Handed, books: Books, ledger: Ledger) -> Release | None:
        scored = self.answers.on_public_rows(handed.predictions)
        if scored is None:
            needs = self.definition.primary.needs
            raise PodiumError(
                f"{handed.name}: {self.definition.primary.title} cannot be computed from it",
                f"the metric needs {'labels or values' if needs == 'values' else needs}",
            )
        if self.definition.feedback is None:
            return None
        best = ledger.best(look.accounts, greater_is_better=self._greater)
        rung = None
        if best is not None and best.release is not None:
            kept = self.answers.on_public_rows(books.get(best.predictions))
            assert kept is not None  # it was scored when it was handed in
            rung = Rung(kept, best.release)
        n_comparisons = max(len(ledger.counted(account)) for account in look.accounts)
        return climb(scored, rung, n_comparisons, self.answers.scorer, self.vault.seed("bootstrap"))

    def _check_limit(self, handed: Handed, now: datetime, ledger: Ledger) -> None:
        limit = self.definition.feedback.looks_per_day if self.definition.feedback else None
        for name in handed.authors:
            if limit is not None and today(ledger.counted(account_of(name)), now) >= limit:
                raise PodiumError(
                    f"{name} has used the {limit} look{'s' if limit > 1 else ''} of {now.astimezone(UTC):%Y-%m-%d}",
                    "feedback.looks_per_day allows no more before midnight UTC",
                )


def refuse_closed(repository: Repository, vault: Vault) -> None:
    """Refuse what comes after closing.

    Raises
    ------
    PodiumError
        If the competition is closed.
    """
    closed = closed_in(repository, vault)
    if closed is not None:
        raise PodiumError(
            f"'{vault.slug}' was closed on {closed.date}", f"`podium close {vault.slug}` shows the scores"
        )


def closed_in(repository: Repository, vault: Vault) -> Closed | None:
    """Return the final scores if there are any; the vault has them even if they are gone from the repository."""
    if vault.closed.exists():
        return parse(vault.closed.read_bytes(), Closed, vault.closed)
    return read_published(repository, vault.slug).closed


def _check_names(handed: Handed) -> None:
    if not handed.authors:
        raise PodiumError(f"{handed.name}: whose is it?", "allowed: the name of an author")
    for name in handed.authors:
        if not account_of(name) or len(name) > MAX_AUTHOR:
            raise PodiumError(f"found the author {name[:MAX_AUTHOR]!r}", f"allowed: 1 to {MAX_AUTHOR} characters")
