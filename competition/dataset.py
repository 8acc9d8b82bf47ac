"""Labelled table -> train, held-out rows, answer key, manifest; made by `prepare`, read by `read_prepared`.

What a participant may have lies in ``prepared/public/``; the answer key lies in ``prepared/answers/``.
"""

import importlib.util
import shutil
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.manifest import FORMAT, Column, Manifest, current_manifest, read_manifest, source_hash, stat_of
from competition.metrics import Task
from competition.repository import Repository, write_text
from competition.splits import Fold, folds, hold_out, public_half
from competition.tables import (
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
class Labelled:
    """Rows with labels.

    Parameters
    ----------
    id : ndarray of shape (n,)
        Ids, never shown to a solution.
    X : DataFrame of shape (n, n_features)
        Features.
    y : ndarray of shape (n,)
        Class codes (int32) in the order of `Prepared.classes`, or values (float64).
    cluster : ndarray of str of shape (n,)
        The cluster that the row belongs to when intervals are drawn: a day, a group or a hash bin.
    time : Series of shape (n,), optional
        Of the time column.
    """

    id: NDArray[Any]
    X: pd.DataFrame
    y: NDArray[Any]
    cluster: NDArray[Any]
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
    unlabelled : tuple or None
        Ids and features of the rows whose labels nobody here has.
    """

    definition: Competition
    manifest: Manifest
    classes: list[Any]
    train: Labelled
    heldout: Labelled
    public: NDArray[np.bool_]
    folds: list[Fold]
    unlabelled: tuple[NDArray[Any], pd.DataFrame] | None


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
    home = repository.data(definition.slug)
    if raw is not None and not raw.is_dir():
        raise PodiumError(f"{raw} is no folder", "--raw takes the folder that holds the raw files")
    raw = raw or home / "raw"
    module = _import_dataset(home / "dataset.py")
    where = repository.relative(home / "dataset.py")
    labelled = _load(module, "load", raw, definition.competition.seed, where=where)
    check_table(labelled, definition, where=where)
    unlabelled = _load(module, "load_unlabelled", raw, where=where) if hasattr(module, "load_unlabelled") else None
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


def _import_dataset(path: Path) -> ModuleType:
    """Import the maintainers' code from its path."""
    if not path.is_file():
        raise PodiumError(f"{path} does not exist", "it has `load(raw, seed)`, which returns the labelled table")
    name = f"_podium_dataset_{path.parent.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PodiumError(f"{path}: syntax error in line {error.lineno}: {error.msg}") from None
    if not callable(getattr(module, "load", None)):
        raise PodiumError(f"{path} has no function `load(raw, seed)`")
    return module


def _download(module: ModuleType, raw: Path) -> bool:
    """Let the data set module fetch its raw files, where it can; False where it cannot."""
    if not hasattr(module, "download"):
        return False
    try:
        return bool(module.download(raw))
    except RuntimeError as error:
        raise PodiumError(f"the download failed: {error}") from None


def _load(module: ModuleType, function: str, raw: Path, *args: Any, where: str) -> pd.DataFrame:
    """Call the data set module.

    A ValueError that the module itself raises is the user's mistake, as is a missing file; one from deeper is a bug.
    """
    call = getattr(module, function)
    try:
        try:
            table = call(raw, *args)
        except FileNotFoundError:
            if not _download(module, raw):
                raise
            table = call(raw, *args)
    except FileNotFoundError as error:
        # `open` says "[Errno 2] ..."; a module that explains itself passes a text.
        raise PodiumError(str(error) if error.filename is None else f"{error.filename} does not exist") from None
    except ValueError as error:
        raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
        if raised_in != module.__file__:
            raise
        raise PodiumError(" ".join(str(error).split())) from None
    if not isinstance(table, pd.DataFrame):
        raise PodiumError(f"{where}: {function}() must return a pandas.DataFrame, not {type(table).__name__}")
    return table.reset_index(drop=True)


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
    manifest = read_manifest(repository, definition.slug)
    # Prepare again from where the raw files were found the last time.
    folders = {Path(file).parent for file in manifest.raw} if manifest else set()
    raw = folders.pop() if len(folders) == 1 else None
    return prepare(repository, definition, raw if raw and raw.is_dir() else None)


def read_prepared(repository: Repository, definition: Competition) -> Prepared:
    """Read what `prepare` wrote.

    Raises
    ------
    PodiumError
        If it is not prepared.
    """
    slug, data = definition.slug, definition.data
    manifest = read_manifest(repository, slug)
    if manifest is None:
        raise PodiumError(f"the data of '{slug}' is not prepared", f"run `podium prepare {slug}`")
    folder = repository.prepared(slug)
    train = pd.read_parquet(folder / "public" / "train.parquet")
    heldout = pd.read_parquet(folder / "public" / "heldout.parquet")
    key = pd.read_parquet(folder / "answers" / "key.parquet")
    classes = class_labels(pd.concat([train[data.target], key[data.target]]), definition)
    features = feature_names(train, definition)
    unlabelled = None
    if (folder / "public" / "unlabelled.parquet").exists():
        table = pd.read_parquet(folder / "public" / "unlabelled.parquet")
        unlabelled = (table[data.id].to_numpy(), table[features])
    return Prepared(
        definition=definition,
        manifest=manifest,
        classes=classes,
        train=_labelled(train, train[data.target], classes, features, definition),
        heldout=_labelled(heldout, key[data.target], classes, features, definition),
        public=(key["part"] == "public").to_numpy(),
        folds=_read_folds(folder / "folds.npz"),
        unlabelled=unlabelled,
    )


def _labelled(
    table: pd.DataFrame, target: pd.Series, classes: list[Any], features: list[str], definition: Competition
) -> Labelled:
    ids = table[definition.data.id].to_numpy()
    time = None if definition.data.time is None else table[definition.data.time]
    return Labelled(ids, table[features], encode(target, classes), clusters(table, definition), time)


def _read_folds(path: Path) -> list[Fold]:
    with np.load(path) as arrays:
        numbers = sorted({tuple(int(part) for part in name.split("/")[:2]) for name in arrays.files})
        return [Fold(r, f, arrays[f"{r}/{f}/train"], arrays[f"{r}/{f}/valid"]) for r, f in numbers]
