"""The answer key of a sealed competition beside the prepared data: what scores held-out rows, and nothing else does."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.dataset import Prepared
from competition.errors import PodiumError
from competition.evaluation.scoring import heldout_metrics, scorers
from competition.feedback.ladder import Scored
from competition.metrics import Scorer
from competition.ranking.inference import MIN_CLUSTERS
from competition.results import Predictions
from competition.tables import encode
from competition.vault import Vault


@dataclass(frozen=True)
class AnswerKey:
    """The labels of the held-out rows.

    Parameters
    ----------
    prepared : Prepared
        The data that they belong to.
    y : ndarray of shape (n,)
        Class codes, or values.
    public : ndarray of bool of shape (n,)
        Which rows are in the public half.
    """

    prepared: Prepared
    y: NDArray[Any]
    public: NDArray[np.bool_]

    @property
    def scorer(self) -> Scorer:
        """The primary metric."""
        definition = self.prepared.definition
        return definition.scorer(definition.metric.primary, len(self.prepared.classes))

    def final_scores(self, predictions: Predictions) -> dict[str, float | None]:
        """Score predictions on both halves by every metric, by ``metric/half``; for a competition that is closed."""
        halves = {"public": self.public, "private": ~self.public}
        return heldout_metrics(predictions, self.y, halves, scorers(self.prepared))

    def on_public_rows(self, predictions: Predictions) -> Scored | None:
        """Score predictions of all held-out rows on the public ones; None where they lack what the metric needs."""
        rows = np.flatnonzero(self.public)
        codes, n_clusters = self._clusters()
        taken = predictions.take(rows)
        score = self.scorer(self.y[rows], taken)
        statistics = self.scorer.statistics(self.y[rows], taken, codes, n_clusters)
        if score is None or statistics is None:
            return None
        sizes = np.bincount(codes, minlength=n_clusters).astype(np.float64)
        return Scored(score, statistics.astype(np.float64), sizes)

    def check_clusters(self) -> None:
        """Refuse a public half on which luck and skill cannot be told apart.

        Raises
        ------
        PodiumError
            If it has fewer than `MIN_CLUSTERS` clusters.
        """
        n_clusters = self._clusters()[1]
        if n_clusters < MIN_CLUSTERS:
            unit = {"row": "bins of rows", "day": "days", "group": "groups"}[self.prepared.definition.ranking.cluster]
            raise PodiumError(
                f"feedback: the public half has {n_clusters} {unit}, and the Ladder needs {MIN_CLUSTERS}",
                "allowed: a larger split.fraction or split.public, or ranking.cluster = 'row'",
            )

    def _clusters(self) -> tuple[NDArray[np.intp], int]:
        """Cluster of each public row, numbered from 0, and their number."""
        present, codes = np.unique(self.prepared.heldout.cluster.code[self.public], return_inverse=True)
        return codes, len(present)


def read_answer_key(vault: Vault, prepared: Prepared) -> AnswerKey:
    """Read the key that the data was prepared with.

    Raises
    ------
    PodiumError
        If it is not there, or another one.
    """
    data = prepared.definition.data
    key = pd.read_parquet(BytesIO(vault.read_key(prepared.manifest)))
    assert (key[data.id].to_numpy() == prepared.heldout.id).all()  # its seal holds, so it was written with these rows
    return AnswerKey(prepared, encode(key[data.target], prepared.classes), (key["part"] == "public").to_numpy())
