"""Predictions -> a submission file."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Competition
from competition.errors import PodiumError
from competition.repository import replacing
from competition.results import Predictions


def submission_table(
    definition: Competition, ids: NDArray[Any], predictions: Predictions, classes: Sequence[Any]
) -> pd.DataFrame:
    """Return predictions in the submission's form.

    Raises
    ------
    PodiumError
        If the competition asks for probabilities and the solution gives none.
    """
    submission = definition.submission
    if submission.kind == "probability":
        if predictions.score_kind != "probability" or predictions.scores is None:
            raise PodiumError(f"'{definition.slug}' asks for probabilities, and this solution has no predict_proba")
        values: Any = predictions.scores[:, 1]
    elif classes:
        values = np.asarray(classes, dtype=object)[predictions.values]
    else:
        values = predictions.values
    return pd.DataFrame({submission.id: ids, submission.prediction: values})


def write_submission(table: pd.DataFrame, path: Path) -> None:
    """Write a submission whole or not at all; gzipped where the name ends in ``.gz``."""
    with replacing(path) as temporary:
        content = table.to_csv(index=False, lineterminator="\n").encode()
        # No time stamp: the same predictions give the same bytes.
        temporary.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
