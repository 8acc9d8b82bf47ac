"""A submission file -> checked predictions in the order of the rows that they are for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from competition.definition import Competition
from competition.results import Predictions
from competition.submission.columns import read_by_column
from competition.submission.file import open_file
from competition.submission.rows import read_by_row


@dataclass(frozen=True)
class Submission:
    """A checked submission, aligned with the rows that it is for."""

    predictions: Predictions
    n_rows: int


def read_submission(path: Path, definition: Competition, ids: NDArray[Any], classes: Sequence[Any]) -> Submission:
    """Read a submission, check it and bring it into the order of `ids`.

    Parameters
    ----------
    path : Path
        A CSV file, plain or gzipped.
    ids : ndarray of shape (n,)
        Ids of the rows that must be there, each once.
    classes : sequence
        Class labels in the competition's order, empty for regression.

    Raises
    ------
    PodiumError
        In one line: the first offending line and the number of others.
    """
    file = open_file(path, definition, len(ids))
    predictions = read_by_column(file, definition, ids, classes)
    if predictions is None:
        predictions = read_by_row(file, definition, ids, classes)
    return Submission(predictions, len(ids))
