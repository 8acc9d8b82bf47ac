"""What is known of a competition's prepared data without reading it; a run with nothing to do needs no more."""

import ast
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from competition.definition import Competition
from competition.errors import PodiumError
from competition.repository import Repository

FORMAT = 2
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
    files : dict
        SHA-256 of the bytes of each prepared file, by its path within the folder.
    balance : dict
        By part of the data: rows of each class (classification), or mean and standard deviation of the target; of a
        sealed competition the training rows alone.
    key : str or None
        Of a sealed competition: what its answer key is known by (`competition.vault.Vault.seal`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[2]
    definition: str
    dataset: str
    raw: dict[str, tuple[int, int]]
    data: str
    split: str
    files: dict[str, str]
    rows: dict[str, int]
    classes: tuple[str, ...]
    balance: dict[str, dict[str, float]]
    columns: tuple[Column, ...]
    key: str | None = None


@dataclass(frozen=True)
class PreparedFile:
    """A file that was prepared.

    Parameters
    ----------
    sha256 : str
        Of its bytes, as the manifest has it.
    slug : str
        Its competition.
    """

    path: Path
    sha256: str
    slug: str

    def read(self) -> bytes:
        """Return its content.

        Raises
        ------
        PodiumError
            If it cannot be read, or has changed since the manifest was written.
        """
        again = f"run `podium prepare {self.slug}` again"
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise PodiumError(f"cannot read {self.path}: {error.strerror}", again) from None
        if sha256(content).hexdigest() != self.sha256:
            raise PodiumError(f"{self.path} has changed since it was prepared", again)
        return content


def prepared_files(repository: Repository, slug: str, manifest: Manifest) -> dict[str, PreparedFile]:
    """Return what was prepared, by path within the folder."""
    folder = repository.prepared(slug)
    return {name: PreparedFile(folder / name, digest, slug) for name, digest in manifest.files.items()}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder, as a manifest lists them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


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
    return "prepared" if _is_current(manifest, repository, definition) else "stale"


def current_manifest(repository: Repository, definition: Competition) -> Manifest | None:
    """Return the manifest if the data is prepared, from the rules and sources of today."""
    manifest = read_manifest(repository, definition.slug)
    return manifest if manifest is not None and _is_current(manifest, repository, definition) else None


def _is_current(manifest: Manifest, repository: Repository, definition: Competition) -> bool:
    same_sources = all(
        not Path(file).exists() or stat_of(Path(file)) == tuple(seen) for file, seen in manifest.raw.items()
    )
    home = repository.data(definition.slug)
    return same_sources and manifest.definition == definition.fingerprint() and manifest.dataset == source_hash(home)


def source_hash(home: Path) -> str:
    """Fingerprint of what makes the data: the data set module, what it names as SOURCES, and this file's own version.

    Raises
    ------
    PodiumError
        If ``SOURCES`` cannot be read.
    """
    module, *others = _sources((home / "dataset.py").resolve())
    digest = sha256(f"{FORMAT}\n".encode() + module)
    for source in others:
        digest.update(sha256(source).digest())
    return digest.hexdigest()[:16]


def _sources(module: Path) -> list[bytes]:
    """Content of a data set module, and of all files that it and they name as SOURCES; of none where one is absent."""
    found: dict[Path, bytes] = {}
    waiting = [module]
    while waiting:
        file = waiting.pop(0)
        if file not in found:
            found[file] = file.read_bytes() if file.is_file() else b""
            waiting += [(file.parent / name).resolve() for name in named_sources(found[file], file)]
    return list(found.values())


def named_sources(source: bytes, file: Path) -> tuple[str, ...]:
    """Read ``SOURCES`` of a module as text: paths relative to its folder, of the files whose code it uses.

    Raises
    ------
    PodiumError
        If it is no tuple of plain texts.
    """
    if b"SOURCES" not in source:
        return ()
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ()  # told where it is imported
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "SOURCES" for target in targets):
            return _texts(getattr(node, "value", None), file)
    return ()


def _texts(value: ast.expr | None, file: Path) -> tuple[str, ...]:
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    texts = tuple(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    if not isinstance(value, ast.Tuple | ast.List) or len(texts) < len(parts):
        raise PodiumError(
            f"{file}: SOURCES is read without running the module",
            'allowed: a tuple of paths as plain text, such as ("../other/dataset.py",)',
        )
    return texts


def stat_of(file: Path) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns
