"""What a trial returns, row by row."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ScoreKind = Literal["probability", "decision"]


@dataclass(frozen=True)
class Predictions:
    """What a trial returns, row by row.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Class codes (int32) in the competition's class order, or values (float64) for regression.
    scores : ndarray of shape (n, n_classes) or (n,), optional
        Class probabilities, or the decision function of a binary task.
    score_kind : {"probability", "decision"}, optional
        Which of the two `scores` holds.
    """

    values: NDArray[Any]
    scores: NDArray[np.float64] | None = None
    score_kind: ScoreKind | None = None

    def ranking_scores(self) -> NDArray[np.float64] | None:
        """Scores that order the rows, None where the solution gives none.

        Returns
        -------
        ndarray of shape (n,) or (n, n_classes)
            Of the positive class in a binary task, of each class in a multiclass one.
        """
        if self.scores is None or self.score_kind == "decision":
            return self.scores
        return self.scores[:, 1] if self.scores.shape[1] == 2 else self.scores

    def take(self, rows: NDArray[Any]) -> "Predictions":
        """Return the predictions of some rows."""
        # Whole rows are several times as fast to take as to index.
        scores = None if self.scores is None else np.take(self.scores, rows, axis=0)
        return Predictions(self.values[rows], scores, self.score_kind)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, 16 hexadecimal digits."""
        digest = sha256()
        for array in (self.values, self.scores):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]
