"""Which trials a run consists of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from competition.dataset import Labelled, Prepared

Part = Literal["cv", "heldout", "unlabelled"]


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
    part : {"cv", "heldout", "unlabelled"}
        Which rows are predicted: training rows of a fold, all held-out rows, all unlabelled rows. For the unlabelled
        ones the fit is on every labelled row, otherwise on rows of the training table.
    train, predict : ndarray of int
        Positions, in the shuffled order in which a solution gets the rows.
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
    """List the trials of a run: each program on every fold, then once fitted on all of train for the held-out rows."""
    splits = [_shuffled(prepared, "cv", fold.train, fold.valid, fold.repeat, fold.fold) for fold in prepared.folds]
    splits.append(heldout_split(prepared))
    return [Trial(program, split) for program in programs for split in splits]


def heldout_split(prepared: "Prepared") -> SplitRows:
    """Fit on all of train, predict the held-out rows; the folds' embargo holds before them too."""
    return _shuffled(prepared, "heldout", _before_heldout(prepared), np.arange(len(prepared.heldout.id)))


def _before_heldout(prepared: "Prepared") -> NDArray[np.int64]:
    definition, train, heldout = prepared.definition, prepared.train, prepared.heldout
    if definition.split.strategy != "time" or train.time is None or heldout.time is None:
        return np.arange(len(train.id))
    return np.flatnonzero(train.time < heldout.time.min() - definition.cv.embargo_duration)


def unlabelled_split(prepared: "Prepared") -> SplitRows:
    """Fit on every labelled row, predict the unlabelled ones."""
    assert prepared.unlabelled is not None
    n_labelled = sum(len(labelled.id) for labelled in labelled_rows(prepared, "unlabelled"))
    return _shuffled(prepared, "unlabelled", np.arange(n_labelled), np.arange(len(prepared.unlabelled[0])))


def _shuffled(
    prepared: "Prepared",
    part: Part,
    train: NDArray[np.int64],
    predict: NDArray[np.int64],
    repeat: int = 0,
    fold: int = 0,
) -> SplitRows:
    seed = prepared.definition.competition.seed + repeat
    order = np.random.default_rng([seed, fold, len(part)])
    return SplitRows(part, repeat, fold, seed, order.permutation(train), order.permutation(predict))


def labelled_rows(prepared: "Prepared", part: Part) -> "list[Labelled]":
    """Return the labelled tables that a trial of this part may be fitted on."""
    return [prepared.train, prepared.heldout] if part == "unlabelled" else [prepared.train]
