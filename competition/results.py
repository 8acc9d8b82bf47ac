"""What evaluation leaves behind: the record of each trial, and the result of a solution."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from competition.predictions import Predictions, ScoreKind

__all__ = [
    "Calibration",
    "Curves",
    "Failure",
    "FailureType",
    "Predictions",
    "Provenance",
    "Result",
    "ScoreKind",
    "SolutionCard",
    "Statistics",
    "TrialRecord",
]

FailureType = Literal["timeout", "memory", "crash", "error", "bad-output", "dependency", "infrastructure"]
Curves = dict[str, tuple[tuple[float, float], ...]]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Record):
    """Why a trial gave no predictions.

    Parameters
    ----------
    type : str
        ``timeout``, ``memory``, ``crash``, ``error``, ``bad-output``, ``dependency`` (a package of its own cannot be
        installed) or ``infrastructure`` (never the entrant's fault).
    message : str
        One line.
    traceback : tuple of str
        The lines of the traceback that lie in the solution's file.
    """

    type: FailureType
    message: Annotated[str, Field(max_length=2_000)]
    traceback: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=20)] = ()


class TrialRecord(_Record):
    """One fit and one predict.

    Parameters
    ----------
    part : {"cv", "heldout", "seeds"}
        Which rows were predicted: a validation fold, the held-out rows after a fit on all of train, or the first fold
        again with another seed.
    repeat, fold : int
        Place in the cross-validation; 0 for ``heldout``.
    seed : int
        The solution's ``random_state``.
    rows_train, rows_predict : int
        Rows fitted on and predicted.
    metrics : dict
        Score by metric; for the held-out trial by ``metric/public`` and ``metric/private``. None where undefined.
    fit_seconds, predict_seconds : float or None
        As the trial measured them.
    wall_seconds : float
        As the harness measured it, start and transfer included.
    peak_memory_mb : float or None
        Peak resident memory of the trial's process, in 10⁶ bytes.
    reference_seconds : float or None
        What the reference job took on the same machine at that time.
    predictions : str or None
        Fingerprint of the predictions.
    failure : Failure or None
        Why there are none.
    """

    part: Literal["cv", "heldout", "seeds"]
    repeat: int
    fold: int
    seed: int
    rows_train: int
    rows_predict: int
    metrics: dict[str, float | None]
    fit_seconds: float | None
    predict_seconds: float | None
    wall_seconds: float
    peak_memory_mb: float | None
    reference_seconds: float | None = None
    predictions: str | None
    failure: Failure | None


class SolutionCard(_Record):
    """What a solution's file says of itself."""

    name: Annotated[str, Field(pattern=r"^\w+$", max_length=100)]
    origin: Annotated[str, Field(pattern=r"^[\w-]+$", max_length=100)]
    title: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    disclosure: dict[str, bool]
    docstring: str


class Provenance(_Record):
    """What a result was made with.

    Parameters
    ----------
    rules, data, split, solution_file : str
        Fingerprints of the competition's rules, its data, the folds, and the solution's file.
    child, scoring : str
        Fingerprints of the harness's sources: those that run, confine and judge trials, those that make folds and
        scores (`competition.evaluation.sources`).
    packages : dict
        Versions of the packages that the solution names and of all that these need.
    isolation : {"namespaces", "kernel", "none"}
        What held the trials.
    """

    competition_version: int
    rules: str
    data: str
    split: str
    solution_file: str
    child: str
    scoring: str
    podium: str
    python: str
    platform: str
    numerics: str
    packages: dict[str, str]
    threads: int
    isolation: Literal["namespaces", "kernel", "none"]


class Statistics(_Record):
    """Sums that scores and intervals are made from.

    Parameters
    ----------
    clusters : tuple of str
        Name of each cluster of rows: a day, a group, a hash bin.
    metric : str
        The metric whose statistics these are.
    units : tuple
        For each repeat (pooled metrics) or each fold (averaged metrics) one row of numbers a cluster.
    """

    clusters: tuple[str, ...]
    metric: str
    units: tuple[tuple[tuple[int | float, ...], ...], ...]

    def array(self) -> NDArray[np.float64]:
        """Return the statistics as an array of shape (units, clusters, S)."""
        return np.asarray(self.units, dtype=np.float64)


class Calibration(_Record):
    """What was predicted and what came true, out-of-fold rows of all repeats in bins by rising prediction.

    Parameters
    ----------
    kind : {"probability", "confidence", "value"}
        What was predicted: the probability of the positive class of two, that of the most probable one of several, or
        the value in a regression.
    predicted : tuple of float
        Mean prediction of each bin.
    observed : tuple of float
        Share of its rows that are positive, or for which the most probable class is right; or their mean truth.
    rows : tuple of int
        Number of its rows.
    quartiles : tuple of (float, float)
        Of the truth in each bin of a regression.
    error : float
        Mean distance of predicted and observed over the rows: of probabilities the expected calibration error.
    brier : float or None
        Brier score of the probabilities; None for regression.
    """

    kind: Literal["probability", "confidence", "value"]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    rows: tuple[int, ...]
    quartiles: tuple[tuple[float, float], ...] = ()
    error: float
    brier: float | None = None


class Result(_Record):
    """What all trials of a solution came to.

    Parameters
    ----------
    score : float or None
        The primary score from cross-validation; None if a trial failed.
    metrics : dict
        Every metric from cross-validation.
    heldout : dict
        Every metric on the held-out rows, by ``metric/public`` and ``metric/private``; empty where the key is sealed.
    statistics : Statistics or None
        Of the primary metric over the out-of-fold rows.
    confusion : tuple or None
        Out-of-fold confusion matrix, rows = truth, summed over repeats.
    curves : dict
        Of the out-of-fold rows, as points (x, y): ``roc`` and ``precision_recall``, averaged over folds; for regression
        ``quantiles`` and ``residuals``.
    calibration : Calibration or None
        Of the out-of-fold rows; None without probabilities.
    """

    format: Literal[1]
    competition: str
    solution: SolutionCard
    provenance: Provenance
    score: float | None
    metrics: dict[str, float | None]
    heldout: dict[str, float | None]
    statistics: Statistics | None
    confusion: tuple[tuple[int, ...], ...] | None
    classes: tuple[str, ...]
    curves: Curves
    calibration: Calibration | None = None
    trials: tuple[TrialRecord, ...]

    @property
    def failures(self) -> list[TrialRecord]:
        """Trials that failed."""
        return [trial for trial in self.trials if trial.failure]
