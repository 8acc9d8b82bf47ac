"""Which trials a run consists of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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
class Trial:
    """One fit and one predict of one program, on one split, with one seed.

    Parameters
    ----------
    part : {"cv", "heldout", "unlabelled"}
        Which rows are predicted: training rows of a fold, all held-out rows, all unlabelled rows. For the unlabelled
        ones the fit is on every labelled row, otherwise on `train_rows` of the training table.
    train_rows, predict_rows : ndarray of int
        Positions, in the shuffled order in which the solution gets the rows.
    """

    program: Program
    part: Part
    repeat: int
    fold: int
    seed: int
    train_rows: NDArray[np.int64]
    predict_rows: NDArray[np.int64]


def plan(programs: Iterable[Program], prepared: Prepared) -> list[Trial]:
    """List the trials of a run: each program on every fold, then once fitted on all of train for the held-out rows."""
    trials = []
    n_train, n_heldout = len(prepared.train.id), len(prepared.heldout.id)
    for program in programs:
        trials += [
            _trial(program, "cv", fold.repeat, fold.fold, prepared, fold.train, fold.valid) for fold in prepared.folds
        ]
        trials.append(_trial(program, "heldout", 0, 0, prepared, np.arange(n_train), np.arange(n_heldout)))
    return trials


def plan_submission(program: Program, prepared: Prepared, part: Part) -> Trial:
    """Return the one trial that makes a submission for the held-out or the unlabelled rows."""
    n_train = len(prepared.train.id)
    if part == "heldout":
        return _trial(program, part, 0, 0, prepared, np.arange(n_train), np.arange(len(prepared.heldout.id)))
    assert prepared.unlabelled is not None
    n_labelled = n_train + len(prepared.heldout.id)
    return _trial(program, part, 0, 0, prepared, np.arange(n_labelled), np.arange(len(prepared.unlabelled[0])))


def _trial(
    program: Program,
    part: Part,
    repeat: int,
    fold: int,
    prepared: Prepared,
    train: NDArray[np.int64],
    predict: NDArray[np.int64],
) -> Trial:
    seed = prepared.definition.competition.seed + repeat
    # The order of the rows is drawn for each split, the same for every program.
    order = np.random.default_rng([seed, fold, len(part)])
    return Trial(program, part, repeat, fold, seed, order.permutation(train), order.permutation(predict))


def labelled_rows(prepared: Prepared, part: Part) -> list[Labelled]:
    """Return the labelled tables that a trial of this part may be fitted on."""
    return [prepared.train, prepared.heldout] if part == "unlabelled" else [prepared.train]
