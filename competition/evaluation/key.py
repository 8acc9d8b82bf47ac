"""The key of a trial: a hash of everything that decides what it comes to. Same key, no fit."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from competition.evaluation import wire

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrialKey:
    """Everything that decides what a trial comes to, and nothing else.

    Parameters
    ----------
    program_kind, program, file : str
        Kind of the program (``source`` or ``pickle``), SHA-256 of its content, and its name in a traceback.
    fitted_on, predicted, rows : str
        Fingerprints of the two tables of features, and of the positions in them with the labels.
    classes, alone, seed, threads, seconds, memory_bytes
        As in `competition.evaluation.control.Order`.
    python, platform, numerics : str
        Version of Python; operating system and architecture; instruction set and linear algebra.
    packages : mapping of str to str
        Resolved version by distribution.
    isolation : str
        Level of isolation.
    environment : mapping of str to str
        Environment variables of a trial, without those that name its scratch directory.
    sources : str
        Fingerprint of the harness's sources that run, confine and judge a trial.
    """

    program_kind: str
    program: str
    file: str
    fitted_on: str
    predicted: str
    rows: str
    classes: Sequence[Any] | None
    alone: bool
    seed: int
    threads: int
    seconds: float
    memory_bytes: int
    python: str
    platform: str
    numerics: str
    packages: Mapping[str, str]
    isolation: str
    environment: Mapping[str, str]
    sources: str

    def digest(self) -> str:
        """SHA-256 of the fields, 64 hexadecimal digits."""
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        return sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def table_fingerprint(table: "pd.DataFrame") -> str:
    """SHA-256 of a table as a trial gets it: names, types and values, in the order of its rows."""
    return checksum(wire.table_message(table)).hex()


def arrays_fingerprint(**arrays: NDArray[Any]) -> str:
    """SHA-256 of arrays: names, dtypes, shapes and content."""
    return checksum(wire.encode(dict(sorted(arrays.items())), {})).hex()


def checksum(chunks: Iterable[bytes | memoryview]) -> bytes:
    """SHA-256 of a message of `wire`."""
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()
