"""What of a sealed competition stands in ``leaderboard/<slug>/``: ``feedback.json``, and ``closed.json`` in the end."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from competition.errors import PodiumError
from competition.repository import Repository
from competition.text import clean

Kind = Literal["solution", "submission"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Release(_Record):
    """A public score as authors are told it.

    Parameters
    ----------
    score : float
        A multiple of `step`.
    step : float
        What it is rounded to: 1, 2 or 5 times a power of ten.
    """

    score: float
    step: float

    @property
    def shown(self) -> str:
        """The score with the digits that it has."""
        digits = max(0, -math.floor(math.log10(self.step))) if self.step else 4
        return f"{self.score:.{digits}f}"


class Told(_Record):
    """What was told of a solution.

    Parameters
    ----------
    predictions : str
        Fingerprint of its predictions of the held-out rows.
    release : Release or None
        Its public score; None where that is not significantly better than the best of its authors before.
    """

    solution: str
    authors: tuple[str, ...]
    predictions: str
    release: Release | None


class AuthorLooks(_Record):
    """The looks of an author at the public half, and the best public score that came of them."""

    author: str
    looks: int
    best: Release | None


class Feedback(_Record):
    """``feedback.json``: looks by author, what was told of solutions."""

    format: Literal[1] = 1
    competition: str
    metric: str
    authors: tuple[AuthorLooks, ...]
    solutions: tuple[Told, ...]


class Final(_Record):
    """The final scores of a solution, or of an author's best submission.

    Parameters
    ----------
    release : Release or None
        The public score as it was told.
    scores : dict
        Every metric on the held-out rows, by ``metric/public`` and ``metric/private``; None where undefined.
    public_rank, private_rank : int or None
        By the primary metric on each half, 1 is best, equal scores share a rank.
    """

    name: str
    kind: Kind
    authors: tuple[str, ...]
    looks: int
    predictions: str
    release: Release | None
    scores: dict[str, float | None]
    public_rank: int | None
    private_rank: int | None

    @property
    def moved(self) -> int:
        """By how many places it fell from the public to the private order; negative where it rose."""
        return 0 if self.public_rank is None or self.private_rank is None else self.private_rank - self.public_rank

    @property
    def title(self) -> str:
        """What it is called on a board."""
        return self.name if self.kind == "solution" else f"{', '.join(self.authors)} ({self.name})"


class Closed(_Record):
    """``closed.json``: the final scores.

    Parameters
    ----------
    closed : datetime
        When, in UTC.
    kendall_tau : float or None
        Of the public and the private order: 1 where they agree, -1 where one is the other turned round.
    finals : tuple of Final
        By private rank.
    """

    format: Literal[1] = 1
    competition: str
    metric: str
    closed: datetime
    kendall_tau: float | None
    finals: tuple[Final, ...]

    @property
    def date(self) -> str:
        """The day on which it was closed, UTC."""
        return f"{self.closed:%Y-%m-%d}"

    def largest_moves(self, n: int = 3) -> list[Final]:
        """Return those that moved the most places, risen or fallen."""
        moved = [final for final in self.finals if final.moved]
        return sorted(moved, key=lambda final: (-abs(final.moved), final.title))[:n]


@dataclass(frozen=True)
class Published:
    """What stands in the repository of a sealed competition; None where there is nothing."""

    feedback: Feedback | None = None
    closed: Closed | None = None

    def told(self, authors: Sequence[str], predictions: str | None) -> Told | None:
        """Return what was told of a solution's predictions, None where nobody has looked at them."""
        wanted = accounts(authors)
        found = [
            told
            for told in (self.feedback.solutions if self.feedback else ())
            if told.predictions == predictions and accounts(told.authors) == wanted
        ]
        return found[-1] if found else None

    def final(self, solution: str, predictions: str | None) -> Final | None:
        """Return the final scores of a solution's predictions, None where they were not handed in before closing."""
        finals = self.closed.finals if self.closed else ()
        return next(
            (one for one in finals if (one.kind, one.name, one.predictions) == ("solution", solution, predictions)),
            None,
        )


def account_of(author: str) -> str:
    """Name under which looks are counted: another case, width or spacing makes nobody a new author."""
    return clean(unicodedata.normalize("NFKC", author)).casefold()


def accounts(authors: Sequence[str]) -> frozenset[str]:
    """Names under which the looks of several authors are counted."""
    return frozenset(map(account_of, authors))


def feedback_file(repository: Repository, slug: str) -> Path:
    """File of the looks."""
    return repository.leaderboard(slug) / "feedback.json"


def closed_file(repository: Repository, slug: str) -> Path:
    """File of the final scores."""
    return repository.leaderboard(slug) / "closed.json"


def read_published(repository: Repository, slug: str) -> Published:
    """Read what stands in the repository.

    Raises
    ------
    PodiumError
        If a file is not as it was written.
    """
    return Published(_read(feedback_file(repository, slug), Feedback), _read(closed_file(repository, slug), Closed))


R = TypeVar("R", bound=BaseModel)


def _read(path: Path, kind: type[R]) -> R | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return parse(content, kind, path)


def parse(content: bytes, kind: type[R], path: Path) -> R:
    """Read a record.

    Raises
    ------
    PodiumError
        If the content is none.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PodiumError(
            f"{path} was edited or damaged", f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        ) from None


def to_json(record: BaseModel) -> str:
    """Write a record, one field a line, so that it diffs well."""
    return record.model_dump_json(indent=1) + "\n"
