"""Labelled table -> train, held-out rows, answer key, manifest; made by `prepare`, read by `read_prepared`.

What a participant may have lies in ``prepared/public/``; the answer key lies in ``prepared/answers/``, or where it is
sealed outside the repository (`competition.vault`), and nothing that is read here holds a label of a held-out row.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from competition.dataset_module import import_dataset, load
from competition.definition import Competition
from competition.errors import PodiumError
from competition.manifest import Manifest, PreparedFile, current_manifest, prepared_files, read_manifest, stat_of
from competition.prepared_folder import Tables, fold_arrays, write_prepared
from competition.repository import Repository, make_folder
from competition.splits import Fold, folds, hold_out, public_half
from competition.tables import (
    Clusters,
    check_table,
    check_unlabelled,
    class_labels,
    clusters,
    encode,
    row_keys,
)
from competition.vault import Vault, named_vault

SPLIT_SEEDS = 2**31  # scikit-learn takes 32 bits, and repeats count on


@dataclass(frozen=True)
class Rows:
    """Rows of a prepared table. Their features are read when they are asked for, so that nobody holds a copy unused.

    Parameters
    ----------
    id : ndarray of shape (n,)
        Ids, never shown to a solution.
    file : PreparedFile
        Where the features lie.
    features : tuple of str
        Their names.
    """

    id: NDArray[Any]
    file: PreparedFile
    features: tuple[str, ...]

    @property
    def X(self) -> pd.DataFrame:
        """Features, shape (n, n_features): a data frame of the caller's own, read from the file each time.

        Raises
        ------
        PodiumError
            If the file is not what was prepared.
        """
        return _read_table(self.file, self.features)


@dataclass(frozen=True)
class Labelled(Rows):
    """Rows with labels.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class codes (int32) in the order of `Prepared.classes`, or values (float64); of shape (0,) for the held-out rows
        of a sealed competition.
    cluster : Clusters
        Which rows are drawn together for intervals.
    time : Series of shape (n,), optional
        Of the time column.
    """

    y: NDArray[Any]
    cluster: Clusters
    time: pd.Series | None


@dataclass(frozen=True)
class Prepared:
    """A competition's data, ready for trials.

    Parameters
    ----------
    classes : list
        Class labels in the competition's order, the positive one last in a binary task; empty for regression.
    public : ndarray of bool
        Which held-out rows are in the public half; of shape (0,) in a sealed competition.
    unlabelled : Rows or None
        Rows whose labels nobody here has.
    """

    definition: Competition
    manifest: Manifest
    classes: list[Any]
    train: Labelled
    heldout: Labelled
    public: NDArray[np.bool_]
    folds: list[Fold]
    unlabelled: Rows | None


# --- prepare: effects at the edge ---


def prepare(
    repository: Repository, definition: Competition, raw: Path | None = None, keys: Path | None = None
) -> Manifest:
    """Make or load the labelled table, split it, write it.

    Parameters
    ----------
    repository : Repository
        Where it lies.
    definition : Competition
        The rules.
    raw : Path, optional
        Folder of the raw files; ``data/<slug>/raw`` if not given, and that of the vault where the key is sealed.
    keys : Path, optional
        Folder outside the repository where a sealed key is put; `competition.vault` says what lies there.

    Raises
    ------
    PodiumError
        If the raw files are absent or wrong, the table breaks the rules, or a sealed key has no place.
    """
    if raw is not None and not raw.is_dir():
        raise PodiumError(f"{raw} is no folder", "--raw takes the folder that holds the raw files")
    vault = None
    if definition.is_sealed:
        vault = named_vault(repository, definition.slug, keys)
        if vault is None:
            raise _only_the_organiser(definition)
        raw = raw or vault.raw
        if raw.resolve().is_relative_to(repository.root.resolve()):
            raise PodiumError(
                f"--raw: {raw} lies in the repository, and the raw files of a sealed competition hold its labels",
                f"allowed: a folder outside it, such as {vault.raw}",
            )
        vault.make()
    with _one_at_a_time(repository, definition):
        return _prepare(repository, definition, raw, vault)


def _only_the_organiser(definition: Competition) -> PodiumError:
    return PodiumError(
        f"the key of '{definition.slug}' is sealed, so that only its organiser prepares the data",
        f"get data/{definition.slug}/prepared/ from its organiser, where `podium prepare {definition.slug} --keys DIR` "
        "makes it",
    )


@contextmanager
def _one_at_a_time(repository: Repository, definition: Competition) -> Iterator[None]:
    """Wait while another process prepares the same competition."""
    file = repository.local / "locks" / f"prepare-{definition.slug}"
    make_folder(file.parent)
    with file.open("a") as lock:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(repository: Repository, definition: Competition, raw: Path | None, vault: Vault | None = None) -> Manifest:
    home = repository.data(definition.slug)
    raw = raw or home / "raw"
    module = import_dataset(home / "dataset.py")
    where = repository.relative(home / "dataset.py")
    # Where the seed draws the labels, one that stands in the rules would give them away.
    seed = definition.competition.seed if vault is None else vault.seed("data")
    labelled = load(module, "load", raw, seed, where=where)
    check_table(labelled, definition, where=where)
    unlabelled = load(module, "load_unlabelled", raw, where=where) if hasattr(module, "load_unlabelled") else None
    if unlabelled is not None:
        check_unlabelled(unlabelled, labelled, definition, where=where)
    # A module that names its files is not disturbed by others beside them.
    names = getattr(module, "RAW_FILES", None) or sorted(file.name for file in raw.glob("*"))
    files = [(raw / name).resolve() for name in names]
    sources = {str(file): stat_of(file) for file in files if file.is_file()}
    tables = _split(labelled, definition, vault)
    return write_prepared(repository, definition, replace(tables, unlabelled=unlabelled, sources=sources), vault)


def _split(table: pd.DataFrame, definition: Competition, vault: Vault | None) -> Tables:
    """Draw the held-out rows, their halves and the folds; from a secret seed where the key is sealed."""
    keys = row_keys(table, definition)
    own = definition.competition.seed % SPLIT_SEEDS
    # With a seed that stands in the rules, a draw by class would tell how many held-out rows of a class lie between
    # two rows whose labels are known.
    seed = own if vault is None else vault.seed("split") % SPLIT_SEEDS
    held = hold_out(keys, definition.split, seed)
    public = public_half(keys.take(held), definition.split, seed)
    made = folds(keys.take(~held), definition.cv, own)
    split = _split_fingerprint(held, public, made)
    train, heldout = table[~held].reset_index(drop=True), table[held].reset_index(drop=True)
    if vault is not None:
        # The order of the raw file may be that of the labels.
        order = np.random.default_rng(vault.seed("order")).permutation(len(heldout))
        heldout, public = heldout.iloc[order].reset_index(drop=True), public[order]
    return Tables(table, train, heldout, public, made, split, None, {})


def _split_fingerprint(held: NDArray[np.bool_], public: NDArray[np.bool_], made: list[Fold]) -> str:
    digest = sha256(held.tobytes() + public.tobytes())
    for name, rows in fold_arrays(made).items():
        digest.update(name.encode() + rows.astype("<i8").tobytes())
    return digest.hexdigest()[:16]


# --- read what was prepared ---


def ensure_prepared(repository: Repository, definition: Competition) -> Manifest:
    """Prepare a competition unless it is prepared and current.

    Raises
    ------
    PodiumError
        As `prepare`.
    """
    current = current_manifest(repository, definition)
    if current is not None:
        return current
    if definition.is_sealed:
        raise _only_the_organiser(definition)
    with _one_at_a_time(repository, definition):
        # Another process may have done it meanwhile.
        current = current_manifest(repository, definition)
        if current is not None:
            return current
        manifest = read_manifest(repository, definition.slug)
        # Prepare again from where the raw files were found the last time.
        folders = {Path(file).parent for file in manifest.raw} if manifest else set()
        raw = folders.pop() if len(folders) == 1 else None
        return _prepare(repository, definition, raw if raw and raw.is_dir() else None)


def read_prepared(repository: Repository, definition: Competition) -> Prepared:
    """Read what `prepare` wrote.

    Raises
    ------
    PodiumError
        If it is not prepared, or a file has changed since it was.
    """
    slug, data = definition.slug, definition.data
    manifest = read_manifest(repository, slug)
    if manifest is None:
        raise PodiumError(f"the data of '{slug}' is not prepared", f"run `podium prepare {slug}`")
    files = prepared_files(repository, slug, manifest)
    features = tuple(column.name for column in manifest.columns)
    train, heldout = files["public/train.parquet"], files["public/heldout.parquet"]
    own = [name for name in dict.fromkeys((data.id, data.group, data.time)) if name is not None]
    of_train, of_heldout = _read_table(train, [*own, data.target]), _read_table(heldout, own)
    if definition.is_sealed:
        classes = class_labels(of_train[data.target], definition)
        y, public = np.empty(0), np.empty(0, dtype=np.bool_)
    else:
        key = _read_table(files["answers/key.parquet"], [data.target, "part"])
        classes = class_labels(pd.concat([of_train[data.target], key[data.target]]), definition)
        y, public = encode(key[data.target], classes), (key["part"] == "public").to_numpy()
    unlabelled = None
    if (file := files.get("public/unlabelled.parquet")) is not None:
        unlabelled = Rows(_read_table(file, [data.id])[data.id].to_numpy(), file, features)
    return Prepared(
        definition=definition,
        manifest=manifest,
        classes=classes,
        train=_labelled(train, features, of_train, encode(of_train[data.target], classes), definition),
        heldout=_labelled(heldout, features, of_heldout, y, definition),
        public=public,
        folds=_read_folds(files["folds.npz"]),
        unlabelled=unlabelled,
    )


def _labelled(
    file: PreparedFile, features: tuple[str, ...], table: pd.DataFrame, y: NDArray[Any], definition: Competition
) -> Labelled:
    time = None if definition.data.time is None else table[definition.data.time]
    return Labelled(table[definition.data.id].to_numpy(), file, features, y, clusters(table, definition), time)


def _read_table(file: PreparedFile, columns: Sequence[str]) -> pd.DataFrame:
    return pd.read_parquet(pa.BufferReader(file.read()), columns=list(columns))


def _read_folds(file: PreparedFile) -> list[Fold]:
    with np.load(BytesIO(file.read())) as arrays:
        numbers = sorted({tuple(int(part) for part in name.split("/")[:2]) for name in arrays.files})
        return [Fold(r, f, arrays[f"{r}/{f}/train"], arrays[f"{r}/{f}/valid"]) for r, f in numbers]
