"""What one trial is given, and what became of it: the harness believes nothing but bytes of declared form."""

import signal
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.evaluation import wire
from competition.evaluation.control import Ended, Order, Runtime
from competition.results import Failure, FailureType, Predictions

HEADER_BYTES = 256 * 1024
LARGEST_VALUE = 1e50  # of a regression: fourth powers are summed, and have to stay finite
TOLD_BY_TRIAL = frozenset({"memory", "error", "bad-output"})


@dataclass(frozen=True)
class Work:
    """Everything that one trial is given.

    Parameters
    ----------
    order : Order
        What it is told.
    runtime : Runtime
        The kind of worker that it needs.
    program : bytes
        A solution's text or a pickled estimator.
    train, predict : int
        Descriptors of the features to fit on and to predict.
    train_rows, predict_rows : ndarray of int
        Rows of those features.
    y : ndarray
        Labels of `train_rows`: class codes or values.
    """

    order: Order
    runtime: Runtime
    program: bytes
    train: int
    predict: int
    train_rows: NDArray[np.int64]
    predict_rows: NDArray[np.int64]
    y: NDArray[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes, 0 for regression."""
        return len(self.order.classes or ())


@dataclass(frozen=True)
class Outcome:
    """What became of a trial; the predictions are in the order of `Work.predict_rows`.

    Parameters
    ----------
    fit_seconds, predict_seconds : float or None
        As the trial told them, where that can be.
    wall_seconds, peak_memory_mb : float
        As they were measured outside; memory in 10⁶ bytes.
    reference_seconds : float or None
        What the reference job took on the same machine at that time (`reference`).
    """

    predictions: Predictions | None
    failure: Failure | None
    fit_seconds: float | None
    predict_seconds: float | None
    wall_seconds: float
    peak_memory_mb: float | None
    reference_seconds: float | None = None


def most_bytes(work: Work) -> int:
    """Size that an answer may have."""
    return len(work.predict_rows) * 8 * (1 + work.n_classes) + HEADER_BYTES


def judge(work: Work, answer: bytes, size: int, ended: Ended) -> Outcome:
    """Tell what became of a trial.

    Parameters
    ----------
    work : Work
        What it was given.
    answer : bytes
        What it sent, up to `most_bytes`.
    size : int
        Number of bytes that it sent.
    ended : Ended
        How its process ended.

    Returns
    -------
    Outcome
        A failure is the solution's own, unless its type is ``infrastructure``.
    """
    spent = {
        "wall_seconds": ended.seconds,
        "peak_memory_mb": ended.peak_bytes / 1e6,
        "reference_seconds": ended.reference_seconds,
    }
    if ended.stopped == "timeout":
        return failed("timeout", past_limit(work), **spent)
    if ended.stopped is not None:
        return failed("crash", f"the process was ended: it {ended.stopped}", **spent)
    outcome = _outcome(work, answer, size, ended.status, spent)
    if outcome.failure is not None and ended.trouble is not None:
        return replace(outcome, failure=Failure(type="infrastructure", message=ended.trouble))
    return outcome


def _outcome(work: Work, answer: bytes, size: int, status: int, spent: dict[str, float]) -> Outcome:
    """Read what a process sent that was left to end by itself."""
    if size > len(answer):
        return failed("bad-output", f"the trial returned {size:,} bytes; allowed: {most_bytes(work):,}", **spent)
    if status < 0 or not answer:
        return failed("crash", _how_it_ended(status), **spent)
    try:
        arrays, meta = wire.decode(memoryview(answer), max_header=HEADER_BYTES)
        fit, predict = (_seconds(meta.get(name), spent["wall_seconds"]) for name in ("fit_seconds", "predict_seconds"))
        if "failure" in meta:
            return Outcome(None, _told(meta["failure"]), fit, predict, **spent)
        predictions = check_predictions(arrays, meta, len(work.predict_rows), work.n_classes)
    except (wire.WireError, ValueError) as error:
        return failed("bad-output", " ".join(str(error).split())[:200], **spent)
    return Outcome(predictions, None, fit, predict, **spent)


def _told(failure: Any) -> Failure:
    """Failure as the trial tells it; how its process ended is not its to say."""
    told = Failure.model_validate(failure)
    if told.type not in TOLD_BY_TRIAL:
        raise ValueError(f"the trial called its failure '{told.type}'")
    return told


def check_predictions(
    arrays: dict[str, NDArray[Any]], meta: dict[str, Any], n_rows: int, n_classes: int
) -> Predictions:
    """Take predictions out of what a trial sent.

    Raises
    ------
    ValueError
        If a dtype, a shape or a value is not what was ordered.
    """
    values = arrays.get("values")
    wanted = np.dtype(np.int32 if n_classes else np.float64)
    if values is None or values.dtype != wanted or values.shape != (n_rows,):
        raise ValueError(f"the values are not {n_rows} numbers of type {wanted}")
    if n_classes and not ((values >= 0) & (values < n_classes)).all():
        raise ValueError("a value is no class code")
    if not n_classes and not (np.abs(values) <= LARGEST_VALUE).all():
        raise ValueError(f"a value is not finite, or beyond ±{LARGEST_VALUE:g}")
    scores, kind = arrays.get("scores"), meta.get("score_kind")
    if scores is None:
        return Predictions(values)
    if scores.dtype != np.float64 or not np.isfinite(scores).all():
        raise ValueError("the scores are not finite numbers of type float64")
    if kind == "probability" and scores.shape == (n_rows, n_classes):
        if (scores < 0).any() or (np.abs(scores.sum(axis=1) - 1) > 1e-3).any():
            raise ValueError("the probabilities of a row are negative or do not sum to 1")
        return Predictions(values, scores, "probability")
    if kind == "decision" and scores.shape == (n_rows,) and n_classes == 2:
        return Predictions(values, scores, "decision")
    raise ValueError(f"scores of shape {scores.shape} for {n_rows} rows and {n_classes} classes")


def _seconds(value: Any, longest: float) -> float | None:
    """A duration as the child told it, which is its word alone, within what was measured outside."""
    plausible = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= longest
    return float(value) if plausible else None


def past_limit(work: Work) -> str:
    """Say that a trial took too long."""
    return f"ran past the limit of {work.order.seconds:g} s"


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    return f"the process left with exit code {status} and no predictions"


def failed(
    kind: FailureType,
    message: str,
    wall_seconds: float,
    peak_memory_mb: float | None = None,
    reference_seconds: float | None = None,
) -> Outcome:
    """Return the outcome of a trial without predictions."""
    failure = Failure(type=kind, message=message)
    return Outcome(None, failure, None, None, wall_seconds, peak_memory_mb, reference_seconds)
