"""The features of a run in shared memory: which tables a trial gets, and how they lie there."""

import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from competition.dataset import Prepared
from competition.evaluation.key import table_fingerprint
from competition.evaluation.plan import Trial, labelled_rows
from competition.evaluation.wire import table_message, to_memory


class Tables:
    """Features, each table read when it is first asked for, and from then on in shared memory alone."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._shared: dict[str, SharedTable] = {}

    def shared(self, name: str) -> "SharedTable":
        """Return a table in shared memory."""
        if name not in self._shared:
            self._shared[name] = SharedTable.of(_features(self._prepared, name))
            # The data frame is gone, and Arrow would keep its memory.
            pa.default_memory_pool().release_unused()
        return self._shared[name]

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of a table's content."""
        return self.shared(name).fingerprint

    def close(self) -> None:
        """Let go of the memory."""
        for table in self._shared.values():
            os.close(table.memory)


@dataclass(frozen=True)
class SharedTable:
    """Features in sealed memory, in an order that is drawn anew for each run and known to the harness alone.

    A child sees which rows of the memory it is given. In the table's own order that would tell what the order tells.

    Parameters
    ----------
    memory : int
        Descriptor.
    position : ndarray of int
        Where each row of the table lies in memory.
    fingerprint : str
        Of the table, in its own order.
    """

    memory: int
    position: NDArray[np.int64]
    fingerprint: str

    @classmethod
    def of(cls, table: pd.DataFrame) -> "SharedTable":
        """Shuffle a table and put it into memory."""
        order = np.random.default_rng().permutation(len(table))
        return cls(to_memory(table_message(table.iloc[order])), np.argsort(order), table_fingerprint(table))


def tables_of(trial: Trial) -> tuple[str, str]:
    """Names of the tables to fit on and to predict. A cross-validation trial gets train alone."""
    match trial.split.part:
        case "cv" | "seeds":
            return "train", "train"
        case "heldout":
            return "train", "heldout"
        case "unlabelled":
            return "labelled", "unlabelled"


def _features(prepared: Prepared, name: str) -> pd.DataFrame:
    match name:
        case "train":
            return prepared.train.X
        case "heldout":
            return prepared.heldout.X
        case "labelled":
            return pd.concat([labelled.X for labelled in labelled_rows(prepared, "unlabelled")], ignore_index=True)
        case _:
            assert prepared.unlabelled is not None
            return prepared.unlabelled.X
