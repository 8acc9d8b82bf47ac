"""A synthetic competition drawn anew from a secret seed; `falls` tells who does worse on the new draw."""

import ast
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.repository import Repository

if TYPE_CHECKING:
    from competition.dataset import Prepared

SEEDS = 2**128  # a solution that carries the generator can try 2**31 of them in its time
ONLY_SYNTHETIC = "allowed: a competition whose dataset.py draws the table from the seed"
TARGET = "\0target"


def redrawn(definition: Competition, seed: int) -> Competition:
    """Return the rules with another seed.

    Raises
    ------
    PodiumError
        If it is no seed, or the seed of the rules themselves.
    """
    if not 0 <= seed < SEEDS or seed == definition.competition.seed:
        raise PodiumError(f"the seed of a new draw: found {seed}; allowed: 0 to 2**128 - 1, not the committed one")
    return definition.model_copy(update={"competition": definition.competition.model_copy(update={"seed": seed})})


def redraw(repository: Repository, definition: Competition, seed: int, folder: Path) -> "Prepared":
    """Prepare a synthetic competition under another seed, in a folder of its own.

    What is returned has the committed rules: solutions get the committed seed as their ``random_state``, since one that
    carries the generator of the data could draw the labels from the secret one.

    Parameters
    ----------
    seed : int
        Known to nobody who wrote a solution.
    folder : Path
        An empty folder; whoever reads it can find the seed, so it should be removed afterwards.

    Raises
    ------
    PodiumError
        If the data do not follow from the seed, and as `competition.dataset.prepare`.
    """
    from competition.dataset import ensure_prepared, prepare, read_prepared

    if definition.is_sealed:
        raise PodiumError(
            f"'{definition.slug}' cannot be drawn anew: its key is sealed",
            "it was drawn from a secret seed, or comes from files that are not here",
        )
    secret = redrawn(definition, seed)
    home = repository.data(definition.slug)
    source = repository.relative(home / "dataset.py")
    if _names_raw_files(home / "dataset.py"):
        raise PodiumError(f"'{definition.slug}' cannot be drawn anew: {source} reads RAW_FILES", ONLY_SYNTHETIC)
    ensure_prepared(repository, definition)
    elsewhere = Repository(folder)
    try:
        made_by_prepare = shutil.ignore_patterns("raw", "prepared", ".prepared*", "__pycache__")
        shutil.copytree(home, elsewhere.data(definition.slug), ignore=made_by_prepare)
    except OSError as error:
        raise PodiumError(f"cannot copy {repository.relative(home)} to {folder}: {error}") from None
    prepare(elsewhere, secret, home / "raw" if (home / "raw").is_dir() else None)
    drawn = read_prepared(elsewhere, secret)
    if _same_rows(read_prepared(repository, definition), drawn):
        raise PodiumError(
            f"'{definition.slug}' cannot be drawn anew: {source} makes the same rows from every seed", ONLY_SYNTHETIC
        )
    return replace(drawn, definition=definition)


def _names_raw_files(module: Path) -> bool:
    """Whether a data set module sets RAW_FILES, read as text."""
    try:
        tree = ast.parse(module.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # told where it is imported
    assigned = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    names = (part for node in assigned for part in ast.walk(node) if isinstance(part, ast.Name))
    return any(name.id == "RAW_FILES" and isinstance(name.ctx, ast.Store) for name in names)


def _same_rows(one: "Prepared", other: "Prepared") -> bool:
    """Whether two draws are of the same labelled rows, in whatever order and under whatever ids."""
    return np.array_equal(_row_hashes(one), _row_hashes(other))


def _row_hashes(prepared: "Prepared") -> NDArray[np.uint64]:
    import pandas as pd

    parts = (prepared.train, prepared.heldout)
    hashes = [
        pd.util.hash_pandas_object(part.X.assign(**{TARGET: part.y}), index=False).to_numpy(np.uint64) for part in parts
    ]
    return np.sort(np.concatenate(hashes))
