"""Labelled table -> train, held-out rows, answer key, manifest; made by `prepare`, read by `read_prepared`.

What a participant may have lies in ``prepared/public/``; the answer key lies in ``prepared/answers/``.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from competition.manifest import (
    FORMAT,
    Column,
    Manifest,
    PreparedFile,
    current_manifest,
    digests,
    prepared_files,
    read_manifest,
    source_hash,
    stat_of,
)
from competition.metrics import Task
from competition.repository import Repository, make_folder, write_text
from competition.splits import Fold, folds, hold_out, public_half
from competition.tables import (
    Clusters,
    check_table,
    check_unlabelled,
    class_labels,
    clusters,
    encode,
    feature_names,
    fingerprint,
    kind_of,
    row_keys,
)


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
        Class codes (int32) in the order of `Prepared.classes`, or values (float64).
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
        Which held-out rows are in the public half.
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


def prepare(repository: Repository, definition: Competition, raw: Path | None = None) -> Manifest:
    """Make or load the labelled table, split it, write it.

    Parameters
    ----------
    repository : Repository
        Where it lies.
    definition : Competition
        The rules.
    raw : Path, optional
        Folder of the raw files; ``data/<slug>/raw`` if not given.

    Raises
    ------
    PodiumError
        If the raw files are absent or wrong, or the table breaks the rules.
    """
    with _one_at_a_time(repository, definition):
        return _prepare(repository, definition, raw)


@contextmanager
def _one_at_a_time(repository: Repository, definition: Competition) -> Iterator[None]:
    """Wait while another process prepares the same competition."""
    file = repository.local / "locks" / f"prepare-{definition.slug}"
    make_folder(file.parent)
    with file.open("a") as lock:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(repository: Repository, definition: Competition, raw: Path | None) -> Manifest:
    home = repository.data(definition.slug)
    if raw is not None and not raw.is_dir():
        raise PodiumError(f"{raw} is no folder", "--raw takes the folder that holds the raw files")
    raw = raw or home / "raw"
    module = import_dataset(home / "dataset.py")
    where = repository.relative(home / "dataset.py")
    labelled = load(module, "load", raw, definition.competition.seed, where=where)
    check_table(labelled, definition, where=where)
    unlabelled = load(module, "load_unlabelled", raw, where=where) if hasattr(module, "load_unlabelled") else None
    if unlabelled is not None:
        check_unlabelled(unlabelled, labelled, definition, where=where)
    # A module that names its files is not disturbed by others beside them.
    names = getattr(module, "RAW_FILES", None) or sorted(file.name for file in raw.glob("*"))
    sources = {str((raw / name).resolve()): stat_of(raw / name) for name in names if (raw / name).is_file()}
    return _write(repository, definition, labelled, unlabelled, sources)


def _write(
    repository: Repository,
    definition: Competition,
    table: pd.DataFrame,
    unlabelled: pd.DataFrame | None,
    sources: Mapping[str, tuple[int, int]],
) -> Manifest:
    """Split the table and write everything into a new folder, which then takes the old one's place."""
    keys = row_keys(table, definition)
    seed = definition.competition.seed
    held = hold_out(keys, definition.split, seed)
    public = public_half(keys.take(held), definition.split, seed)
    made = folds(keys.take(~held), definition.cv, seed)
    train, heldout = table[~held].reset_index(drop=True), table[held].reset_index(drop=True)
    target = definition.data.target
    parts = np.where(public, "public", "private")

    final = repository.prepared(definition.slug)
    folder = Path(tempfile.mkdtemp(prefix=".prepared.", dir=final.parent))
    try:
        folder.chmod(0o755)
        (folder / "public").mkdir()
        (folder / "answers").mkdir(mode=0o700)
        train.to_parquet(folder / "public" / "train.parquet", index=False)
        heldout.drop(columns=target).to_parquet(folder / "public" / "heldout.parquet", index=False)
        sample_submission(heldout[definition.data.id], train[target], definition).to_csv(
            folder / "public" / "sample_submission.csv", index=False
        )
        if unlabelled is not None:
            unlabelled.to_parquet(folder / "public" / "unlabelled.parquet", index=False)
        key = pd.DataFrame({definition.data.id: heldout[definition.data.id], target: heldout[target], "part": parts})
        key.to_parquet(folder / "answers" / "key.parquet", index=False)
        np.savez_compressed(folder / "folds.npz", **_fold_arrays(made))  # type: ignore[arg-type]
        manifest = Manifest(
            format=FORMAT,
            definition=definition.fingerprint(),
            dataset=source_hash(repository.data(definition.slug)),
            raw=dict(sources),
            data=fingerprint(table, unlabelled),
            split=_split_fingerprint(held, public, made),
            rows={
                "train": len(train),
                "heldout": len(heldout),
                "unlabelled": 0 if unlabelled is None else len(unlabelled),
            },
            classes=tuple(str(label) for label in class_labels(table[target], definition)),
            balance={
                "train": _balance(train[target], definition.task),
                "heldout": _balance(heldout[target], definition.task),
            },
            columns=tuple(
                Column(name=name, kind=kind_of(table[name]), missing=int(table[name].isna().sum()))
                for name in feature_names(table, definition)
            ),
            files=digests(folder),
        )
        write_text(folder / "manifest.json", manifest.model_dump_json(indent=1) + "\n")
        _swap(folder, final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _swap(new: Path, final: Path) -> None:
    """Put a folder in another one's place; the old one is only removed when the new one stands."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    new.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def sample_submission(ids: pd.Series, target: pd.Series, definition: Competition) -> pd.DataFrame:
    """Return a submission that is valid and scores like a constant."""
    submission = definition.submission
    if definition.task == "regression":
        constant: Any = round(float(target.mean()), 6)
    elif submission.kind == "probability":
        constant = 0.5
    else:
        constant = target.mode().iloc[0]
    return pd.DataFrame({submission.id: ids, submission.prediction: constant})


def _balance(target: pd.Series, task: Task) -> dict[str, float]:
    if task == "regression":
        return {"mean": float(target.mean()), "standard deviation": float(target.std())}
    return {str(label): int(count) for label, count in target.value_counts().sort_index().items()}


def _fold_arrays(made: list[Fold]) -> dict[str, NDArray[np.int64]]:
    arrays = {}
    for fold in made:
        arrays[f"{fold.repeat}/{fold.fold}/train"] = fold.train
        arrays[f"{fold.repeat}/{fold.fold}/valid"] = fold.valid
    return arrays


def _split_fingerprint(held: NDArray[np.bool_], public: NDArray[np.bool_], made: list[Fold]) -> str:
    digest = sha256(held.tobytes() + public.tobytes())
    for name, rows in _fold_arrays(made).items():
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
    key = _read_table(files["answers/key.parquet"], [data.target, "part"])
    classes = class_labels(pd.concat([of_train[data.target], key[data.target]]), definition)
    unlabelled = None
    if (file := files.get("public/unlabelled.parquet")) is not None:
        unlabelled = Rows(_read_table(file, [data.id])[data.id].to_numpy(), file, features)
    return Prepared(
        definition=definition,
        manifest=manifest,
        classes=classes,
        train=_labelled(train, features, of_train, encode(of_train[data.target], classes), definition),
        heldout=_labelled(heldout, features, of_heldout, encode(key[data.target], classes), definition),
        public=(key["part"] == "public").to_numpy(),
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
