"""The trial cache: what a trial came to, under its key (`key.TrialKey`).

An entry is a file of `checked`, with the SHA-256 of what it holds. It is written beside its place and renamed, so a
process killed at any moment leaves whole entries; what a power cut leaves half written fails the checksum and nothing
waits for the disk. An entry that is not whole, or not of its key, is absent. Nothing is ever unpickled.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from competition.evaluation import checked
from competition.evaluation.outcomes import Outcome
from competition.repository import make_folder, write_text
from competition.results import Failure, FailureType, Predictions, ScoreKind

FORMAT = 2
MAGIC = b"PODTRIAL"
# What the machine or the network decided, which may be otherwise the next time.
NEVER_KEPT: frozenset[FailureType] = frozenset({"timeout", "infrastructure", "dependency"})
UNUSED_DAYS = 30.0
LOG = "runs.jsonl"
LOG_LINES = 100
ABANDONED_SECONDS = 3_600.0

_ENTRY = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\..+")


@dataclass(frozen=True)
class Size:
    """Number of entries, and the bytes that they take."""

    entries: int
    bytes: int


class Run(BaseModel):
    """A run, as the log lists it: how many of its trials were in the cache."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    time: datetime
    competition: str
    hits: int
    misses: int


class TrialCache:
    """Outcomes of trials by key. Any number of processes may use one folder at once.

    Parameters
    ----------
    folder : Path
        Where the entries lie; made if need be.
    only_shown : bool
        Whether nothing is to be kept or removed: the folder may be missing, or somebody else's.

    Raises
    ------
    PodiumError
        If the folder cannot be made or written to, and is to be.
    """

    def __init__(self, folder: Path, *, only_shown: bool = False) -> None:
        if not only_shown:
            make_folder(folder)
        self.folder = folder

    def get(self, key: str) -> Outcome | None:
        """Return the outcome under a key of 64 hexadecimal digits, None where there is none that is whole.

        The arrays are read-only. A hit makes the entry count as used now; an entry that is not whole is removed.
        """
        path = self._path(key)
        try:
            with path.open("rb", buffering=0) as file:
                outcome = _decode(file.readall(), key)
                read = os.fstat(file.fileno())
        except OSError:
            return None
        # The folder may be another user's, and another process may have put a good entry here since.
        with contextlib.suppress(OSError):
            if outcome is not None:
                os.utime(path)
            elif os.path.samestat(read, path.stat()):
                path.unlink()
        return outcome

    def put(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome, unless it is a failure that may be none the next time.

        Raises
        ------
        PodiumError
            If it cannot be written, on a full disk for instance; the entries before stay as they are.
        """
        if outcome.failure is not None and outcome.failure.type in NEVER_KEPT:
            return
        checked.write(self._path(key), MAGIC, *_encode(outcome, key))

    def size(self) -> Size:
        """Count the entries and their bytes."""
        return _size(status for path, status in self._files() if _ENTRY.fullmatch(path.name))

    def prune(self, unused_days: float = UNUSED_DAYS, *, everything: bool = False) -> Size:
        """Remove entries that were not used for some days, or all; and what killed processes left behind.

        Returns
        -------
        Size
            Of the entries that were removed.

        Raises
        ------
        PodiumError
            If the log of runs cannot be rewritten.
        """
        now = time.time()
        removed = []
        for path, status in self._files():
            unused = now - status.st_mtime
            is_entry = _ENTRY.fullmatch(path.name) is not None
            # A younger temporary file may be one that is being written.
            is_abandoned = _TEMPORARY.fullmatch(path.name) is not None and unused > ABANDONED_SECONDS
            if is_abandoned or (is_entry and (everything or unused > unused_days * 86_400)):
                with contextlib.suppress(OSError):
                    path.unlink()
                    removed += [status] if is_entry else []
        lines = self._log_lines()
        if len(lines) > LOG_LINES:
            write_text(self.folder / LOG, "".join(f"{line}\n" for line in lines[-LOG_LINES:]))
        return _size(removed)

    def record(self, competition: str, hits: int, misses: int) -> None:
        """Add a run to the log; a log that cannot be written stops nothing."""
        run = Run(time=datetime.now(UTC).replace(microsecond=0), competition=competition, hits=hits, misses=misses)
        with contextlib.suppress(OSError), (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(run.model_dump_json() + "\n")

    def runs(self, last: int = 10) -> list[Run]:
        """Return the last runs of the log, oldest first; lines that are not whole are passed over."""
        found = []
        for line in self._log_lines():
            with contextlib.suppress(ValidationError):
                found.append(Run.model_validate_json(line))
        return found[-last:]

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Files in the folders of the entries; those that another process removes meanwhile are passed over."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(OSError):
                yield path, path.stat()

    def _log_lines(self) -> list[str]:
        try:
            return (self.folder / LOG).read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _size(statuses: Iterable[os.stat_result]) -> Size:
    sizes = [status.st_size for status in statuses]
    return Size(len(sizes), sum(sizes))


# --- an entry's content ---


class _Meta(BaseModel):
    """What stands in an entry beside the arrays."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[2]
    key: str
    failure: Failure | None
    score_kind: ScoreKind | None
    fit_seconds: float | None
    predict_seconds: float | None
    wall_seconds: float
    peak_memory_mb: float | None
    reference_seconds: float | None


def _encode(outcome: Outcome, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    predictions = outcome.predictions
    arrays = {} if predictions is None else {"values": predictions.values, "scores": predictions.scores}
    meta = _Meta(
        format=FORMAT,
        key=key,
        failure=outcome.failure,
        score_kind=None if predictions is None else predictions.score_kind,
        fit_seconds=outcome.fit_seconds,
        predict_seconds=outcome.predict_seconds,
        wall_seconds=outcome.wall_seconds,
        peak_memory_mb=outcome.peak_memory_mb,
        reference_seconds=outcome.reference_seconds,
    )
    return {name: array for name, array in arrays.items() if array is not None}, meta.model_dump()


def _decode(content: bytes, key: str) -> Outcome | None:
    """Read an entry; None if a bit of it is wrong, or it is another key's."""
    message = checked.decode(content, MAGIC)
    if message is None:
        return None
    arrays, header = message
    try:
        meta = _Meta.model_validate(header)
        predictions = _predictions(arrays, meta.score_kind)
    except ValueError:  # whole, but written by other code than this
        return None
    if meta.key != key or (predictions is None) == (meta.failure is None):
        return None
    spent = (meta.fit_seconds, meta.predict_seconds, meta.wall_seconds, meta.peak_memory_mb, meta.reference_seconds)
    return Outcome(predictions, meta.failure, *spent)


def _predictions(arrays: Mapping[str, NDArray[Any]], score_kind: ScoreKind | None) -> Predictions | None:
    """Check the form of the arrays; whether they fit the data was checked before they were kept."""
    values, scores = arrays.get("values"), arrays.get("scores")
    if (scores is None) != (score_kind is None):
        raise ValueError("scores")
    if values is None:
        return None
    if values.ndim != 1 or values.dtype not in (np.int32, np.float64) or not np.isfinite(values).all():
        raise ValueError("values")
    if scores is not None:
        is_of_rows = scores.ndim == (1 if score_kind == "decision" else 2) and len(scores) == len(values)
        if not is_of_rows or scores.dtype != np.float64 or not np.isfinite(scores).all():
            raise ValueError("scores")
    return Predictions(values, scores, score_kind)
