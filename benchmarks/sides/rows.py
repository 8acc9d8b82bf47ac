"""Read prepared data as a plain script would: two tables, labels, folds; nothing of the harness is imported."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Rows:
    """Features and labels to fit on, held-out ones, and the rows of each fold (train, valid)."""

    X: pd.DataFrame
    y: NDArray[Any]
    X_heldout: pd.DataFrame
    y_heldout: NDArray[Any]
    folds: list[Fold]
    seed: int


def read(data: Path) -> Rows:
    """Read ``data/<slug>/`` of a repository whose data is prepared."""
    rules = tomllib.loads((data / "competition.toml").read_text("utf-8"))
    target, given = rules["data"]["target"], rules["data"].get("features")
    prepared = data / "prepared"
    train = pd.read_parquet(prepared / "public" / "train.parquet")
    heldout = pd.read_parquet(prepared / "public" / "heldout.parquet")
    key = pd.read_parquet(prepared / "answers" / "key.parquet")
    features = given or [name for name in train if name not in (target, rules["data"]["id"])]
    with np.load(prepared / "folds.npz") as arrays:
        numbers = sorted({name.rpartition("/")[0] for name in arrays.files})
        folds = [(arrays[f"{number}/train"], arrays[f"{number}/valid"]) for number in numbers]
    return Rows(
        X=train[features],
        y=train[target].to_numpy(),
        X_heldout=heldout[features],
        y_heldout=key[target].to_numpy(),
        folds=folds,
        seed=rules["competition"]["seed"],
    )
