"""What is known of a competition's prepared data without reading it; a run with nothing to do needs no more."""

from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from competition.definition import Competition
from competition.repository import Repository

FORMAT = 1
State = Literal["prepared", "stale", "absent"]


class Column(BaseModel):
    """One feature column, as the manifest lists it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    kind: str
    missing: int


class Manifest(BaseModel):
    """What was prepared, from what.

    Parameters
    ----------
    definition, dataset : str
        Fingerprints of the rules and of the sources that decided the data.
    raw : dict
        Size and modification time of the raw files, by path.
    data, split : str
        Fingerprints of the prepared tables, and of the held-out rows and folds.
    balance : dict
        By part of the data: rows of each class (classification), or mean and standard deviation of the target.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1]
    definition: str
    dataset: str
    raw: dict[str, tuple[int, int]]
    data: str
    split: str
    rows: dict[str, int]
    classes: tuple[str, ...]
    balance: dict[str, dict[str, float]]
    columns: tuple[Column, ...]


def read_manifest(repository: Repository, slug: str) -> Manifest | None:
    """Read a competition's manifest, None where nothing is prepared or it is of another format."""
    try:
        return Manifest.model_validate_json((repository.prepared(slug) / "manifest.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def state(repository: Repository, definition: Competition) -> State:
    """Tell whether a competition's data is prepared, and from the rules and sources of today."""
    manifest = read_manifest(repository, definition.slug)
    if manifest is None:
        return "absent"
    same_sources = all(
        not Path(file).exists() or stat_of(Path(file)) == tuple(seen) for file, seen in manifest.raw.items()
    )
    home = repository.data(definition.slug)
    current = manifest.definition == definition.fingerprint() and manifest.dataset == source_hash(home)
    return "prepared" if current and same_sources else "stale"


def current_manifest(repository: Repository, definition: Competition) -> Manifest | None:
    """Return the manifest if the data is prepared, from the rules and sources of today."""
    return read_manifest(repository, definition.slug) if state(repository, definition) == "prepared" else None


def source_hash(home: Path) -> str:
    """Fingerprint of what makes the data: the data set module, and this file's own version."""
    module = home / "dataset.py"
    source = module.read_bytes() if module.is_file() else b""
    return sha256(f"{FORMAT}\n".encode() + source).hexdigest()[:16]


def stat_of(file: Path) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns
