"""``data/<slug>/prepared/``, written whole or not at all. A sealed key goes to its vault; nothing of it stays here."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.manifest import FORMAT, Column, Manifest, digests, source_hash
from competition.metrics import Task
from competition.repository import Repository, write_text
from competition.splits import Fold
from competition.tables import class_labels, feature_names, fingerprint, kind_of
from competition.vault import Vault


@dataclass(frozen=True)
class Tables:
    """What is written: the labelled table, split, and the rows without labels.

    Parameters
    ----------
    whole, train, heldout : DataFrame
        The labelled table, and its two parts.
    public : ndarray of bool
        Which held-out rows are in the public half.
    split : str
        Fingerprint of the split.
    sources : mapping
        Size and modification time of the raw files, by path.
    """

    whole: pd.DataFrame
    train: pd.DataFrame
    heldout: pd.DataFrame
    public: NDArray[np.bool_]
    folds: list[Fold]
    split: str
    unlabelled: pd.DataFrame | None
    sources: Mapping[str, tuple[int, int]]


def write_prepared(repository: Repository, definition: Competition, tables: Tables, vault: Vault | None) -> Manifest:
    """Write everything into a new folder, which then takes the old one's place.

    Raises
    ------
    PodiumError
        If the rules of a sealed competition cannot be kept.
    """
    train, heldout, target = tables.train, tables.heldout, definition.data.target
    key = heldout[[definition.data.id, target]].assign(part=np.where(tables.public, "public", "private"))
    if vault is not None:
        _check_classes(train[target], heldout[target], definition)
    final = repository.prepared(definition.slug)
    folder = Path(tempfile.mkdtemp(prefix=".prepared.", dir=final.parent))
    try:
        folder.chmod(0o755)
        (folder / "public").mkdir()
        train.to_parquet(folder / "public" / "train.parquet", index=False)
        heldout.drop(columns=target).to_parquet(folder / "public" / "heldout.parquet", index=False)
        sample_submission(heldout[definition.data.id], train[target], definition).to_csv(
            folder / "public" / "sample_submission.csv", index=False
        )
        if tables.unlabelled is not None:
            tables.unlabelled.to_parquet(folder / "public" / "unlabelled.parquet", index=False)
        if vault is None:
            (folder / "answers").mkdir(mode=0o700)
            key.to_parquet(folder / "answers" / "key.parquet", index=False)
        np.savez_compressed(folder / "folds.npz", **fold_arrays(tables.folds))  # type: ignore[arg-type]
        seal = None if vault is None else vault.seal(_put(key, vault))
        manifest = _manifest(repository, definition, tables, seal, digests(folder))
        write_text(folder / "manifest.json", manifest.model_dump_json(indent=1) + "\n")
        _swap(folder, final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _manifest(
    repository: Repository, definition: Competition, tables: Tables, seal: str | None, files: dict[str, str]
) -> Manifest:
    """Describe what was prepared; of a sealed competition without the labels, and without what lies on this machine."""
    train, heldout, target = tables.train, tables.heldout, definition.data.target
    balance = {"train": _balance(train[target], definition.task)}
    if seal is None:
        data, sources = fingerprint(tables.whole, tables.unlabelled), dict(tables.sources)
        balance["heldout"] = _balance(heldout[target], definition.task)
    else:
        seen = fingerprint(train, heldout.drop(columns=target), tables.unlabelled)
        data, sources = sha256(f"{seen} {seal}".encode()).hexdigest()[:16], {}
    return Manifest(
        format=FORMAT,
        definition=definition.fingerprint(),
        dataset=source_hash(repository.data(definition.slug)),
        raw=sources,
        data=data,
        split=tables.split,
        rows={
            "train": len(train),
            "heldout": len(heldout),
            "unlabelled": 0 if tables.unlabelled is None else len(tables.unlabelled),
        },
        classes=tuple(str(label) for label in class_labels(tables.whole[target], definition)),
        balance=balance,
        columns=tuple(
            Column(name=name, kind=kind_of(tables.whole[name]), missing=int(tables.whole[name].isna().sum()))
            for name in feature_names(tables.whole, definition)
        ),
        files=files,
        key=seal,
    )


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


def fold_arrays(made: list[Fold]) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each fold by ``repeat/fold/part``."""
    arrays = {}
    for fold in made:
        arrays[f"{fold.repeat}/{fold.fold}/train"] = fold.train
        arrays[f"{fold.repeat}/{fold.fold}/valid"] = fold.valid
    return arrays


# --- a sealed key ---


def _check_classes(train: pd.Series, heldout: pd.Series, definition: Competition) -> None:
    """Refuse a class that held-out rows alone have: whoever has the key would know more classes than the others."""
    if definition.task == "regression":
        return
    alone = sorted(set(heldout.unique().tolist()) - set(train.unique().tolist()), key=str)
    if alone:
        raise PodiumError(
            f"data.target: '{alone[0]}' is a class of held-out rows alone, and answers.key is 'sealed'",
            "allowed: a split after which each class is among the training rows",
        )


def _put(key: pd.DataFrame, vault: Vault) -> bytes:
    """Put the key into its vault; one that is the same stays as it is, so that data prepared earlier goes on with it.

    Raises
    ------
    PodiumError
        If something was scored with another key already.
    """
    if vault.key.exists():
        content = vault.key.read_bytes()
        if pd.read_parquet(BytesIO(content)).equals(key.reset_index(drop=True)):
            return content
        if vault.ledger.exists():
            raise PodiumError(
                f"{vault.folder} holds what was scored with another key of '{vault.slug}'",
                "move that folder away to begin anew",
            )
    buffer = BytesIO()
    key.to_parquet(buffer, index=False)
    vault.write(vault.key, buffer.getvalue())
    return buffer.getvalue()
