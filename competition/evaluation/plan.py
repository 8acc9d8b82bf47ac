"""Which trials a run consists of."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from competition.dataset import Labelled, Prepared, Rows
    from competition.definition import Competition

Part = Literal["cv", "heldout", "seeds", "unlabelled"]

SEED_STEP = 1_000  # further than the repeats, each of which adds one


@dataclass(frozen=True)
class Program:
    """Code that makes an estimator.

    Parameters
    ----------
    name : str
        Name of the solution.
    file : str
        What a traceback calls it.
    kind : {"source", "pickle"}
        A solution's text, or a pickled estimator from a notebook.
    content : bytes
        The text or the pickle.
    """

    name: str
    file: str
    kind: Literal["source", "pickle"]
    content: bytes


@dataclass(frozen=True)
class SplitRows:
    """Rows to fit on and rows to predict, the same for every program.

    Parameters
    ----------
    part : {"cv", "heldout", "seeds", "unlabelled"}
        Which rows are predicted: training rows of a fold, all held-out rows, those of the first fold with another seed,
        all unlabelled rows. For the unlabelled ones the fit is on every labelled row, otherwise on rows of the training
        table.
    train, predict : ndarray of int
        Positions, in the order in which a solution gets the rows, which is that of a hash of their features.
    """

    part: Part
    repeat: int
    fold: int
    seed: int
    train: NDArray[np.int64]
    predict: NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """One fit and one predict of one program, on one split, with one seed."""

    program: Program
    split: SplitRows


def plan(programs: Iterable[Program], prepared: "Prepared") -> list[Trial]:
    """List the trials of a run.

    Each program runs on every fold, on the first one with further seeds as well, and once it is fitted on all of train
    for the held-out rows. Nobody chooses a seed: they follow from the competition's own.
    """
    train, heldout = (_in_order([part], prepared) for part in (prepared.train, prepared.heldout))
    seed = prepared.definition.competition.seed
    splits = [
        SplitRows("cv", fold.repeat, fold.fold, seed + fold.repeat, _of(train, fold.train), _of(train, fold.valid))
        for fold in prepared.folds
    ]
    # The rows and their order stay, so that nothing but the seed makes a difference.
    further = [splits[0].seed + SEED_STEP * number for number in range(1, prepared.definition.ranking.n_seeds)]
    splits += [replace(splits[0], part="seeds", seed=seed) for seed in further]
    splits.append(_heldout_split(prepared, train, heldout))
    return [Trial(program, split) for program in programs for split in splits]


def trials_of_each(definition: "Competition") -> int:
    """Count the trials of one program by the rules alone, before the data are read."""
    cv, ranking = definition.cv, definition.ranking
    # One more is for the held-out rows, and the first fold has its first seed already.
    return cv.n_splits * cv.n_repeats + 1 + ranking.n_seeds - 1


def heldout_split(prepared: "Prepared") -> SplitRows:
    """Fit on all of train, predict the held-out rows; the folds' embargo holds before them too."""
    return _heldout_split(prepared, *(_in_order([part], prepared) for part in (prepared.train, prepared.heldout)))


def _heldout_split(prepared: "Prepared", train: NDArray[np.int64], heldout: NDArray[np.int64]) -> SplitRows:
    seed = prepared.definition.competition.seed
    return SplitRows("heldout", 0, 0, seed, _of(train, _before_heldout(prepared)), heldout)


def _before_heldout(prepared: "Prepared") -> NDArray[np.int64]:
    definition, train, heldout = prepared.definition, prepared.train, prepared.heldout
    if definition.split.strategy != "time" or train.time is None or heldout.time is None:
        return np.arange(len(train.id))
    return np.flatnonzero(train.time < heldout.time.min() - definition.cv.embargo_duration)


def unlabelled_split(prepared: "Prepared") -> SplitRows:
    """Fit on every labelled row, predict the unlabelled ones."""
    assert prepared.unlabelled is not None
    labelled = _in_order(labelled_rows(prepared, "unlabelled"), prepared)
    unlabelled = _in_order([prepared.unlabelled], prepared)
    return SplitRows("unlabelled", 0, 0, prepared.definition.competition.seed, labelled, unlabelled)


# --- the order of the rows ---


def _of(order: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return some rows of a table in the order given for all of them."""
    wanted = np.zeros(len(order), dtype=bool)
    wanted[rows] = True
    return order[wanted[order]]


def _in_order(parts: "Iterable[Rows]", prepared: "Prepared") -> NDArray[np.int64]:
    """Positions of all rows of a table in the order in which a solution gets them: that of a hash of their features.

    So the order tells nothing that the features do not tell. A shuffle would: its seed is known, so that a solution
    could undo it, and find the order of the table, which may be that of the labels. Rows that are alike are shuffled by
    a seed that is not known.
    """
    import pandas as pd

    hash_key = f"{prepared.definition.competition.seed % 10**16:016d}"
    keys = np.concatenate(
        [pd.util.hash_pandas_object(part.X, index=False, hash_key=hash_key).to_numpy(np.uint64) for part in parts]
    )
    shuffled = np.random.default_rng(_secret(prepared)).permutation(len(keys))
    return shuffled[np.argsort(keys[shuffled], kind="stable")]


def _secret(prepared: "Prepared") -> int:
    """Return a number that is the same each time and that no trial can know: it is made of all labels."""
    digest = sha256(prepared.train.y.tobytes() + prepared.heldout.y.tobytes()).digest()
    return int.from_bytes(digest[:16], "little")


def labelled_rows(prepared: "Prepared", part: Part) -> "list[Labelled]":
    """Return the labelled tables that a trial of this part may be fitted on."""
    return [prepared.train, prepared.heldout] if part == "unlabelled" else [prepared.train]
