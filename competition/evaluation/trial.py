"""The trial itself: read the inputs, fit, predict, write one message down a pipe. Runs in the confined child alone."""

import contextlib
import linecache
import os
import random
import sys
import time
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.evaluation import wire
from competition.evaluation.control import Descriptors, Order

try:
    import joblib
except ImportError:  # a solution's own environment need not have it
    joblib = None

MAX_TEXT = 2_000
MAX_LINES = 20
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "bad allocation", "Cannot allocate memory", "out of memory")

Array = NDArray[Any]


class BadOutputError(Exception):
    """Predictions that break the contract."""


@dataclass(frozen=True)
class Inputs:
    """What a trial is given: a copy of its own, so that nothing is shared with another trial or the harness."""

    program: bytes
    X_train: pd.DataFrame
    y_train: Array
    X_predict: pd.DataFrame


def warm_up() -> None:
    """Gather a row of every kind of column before the fork: Arrow sets itself up on first use, for each trial anew."""
    columns = {"number": [0.0], "text": ["a"], "category": pd.Categorical(["a"]), "time": pd.to_datetime([0])}
    message = b"".join(bytes(chunk) for chunk in wire.table_message(pd.DataFrame(columns)))
    wire.take_rows(*wire.decode(memoryview(message)), np.array([0]))


def perform(order: Order, given: Descriptors) -> None:
    """Do the trial that is ordered, and send the answer."""
    random.seed(order.seed)
    np.random.seed(order.seed)
    _thread_joblib()
    _write(given.pipe, _answer(order, given))


def _answer(order: Order, given: Descriptors) -> list[bytes | memoryview]:
    """Fit and predict; the message holds predictions, or the failure."""
    timings: dict[str, float | None] = {"fit_seconds": None, "predict_seconds": None}
    try:
        inputs = _take(order, given)
        with _timed(timings, "fit_seconds"):
            estimator = _open(order, inputs.program)
            fitted = estimator.fit(inputs.X_train, inputs.y_train)
            estimator = estimator if fitted is None else fitted
        with _timed(timings, "predict_seconds"):
            values = _values(order, estimator, inputs.X_predict)
        scores, score_kind = _scores(order, estimator, inputs.X_predict)
        if order.alone:
            _check_alone(order, estimator, inputs.X_predict, values, scores)
        arrays = {"values": values} if scores is None else {"values": values, "scores": scores}
        return wire.encode(arrays, {**timings, "score_kind": score_kind})
    except BadOutputError as error:
        failure = {"type": "bad-output", "message": _clip(str(error)), "traceback": []}
    except BaseException as error:
        failure = _failure(error, order.name)
    return wire.encode({}, {**timings, "failure": failure})


# --- what goes in ---


def _take(order: Order, given: Descriptors) -> Inputs:
    """Copy the inputs and let go of the memory that they came in: other trials are given the same memory."""
    with wire.mapped(given.labels) as memory:
        arrays, _ = wire.decode(memory)
        own = {name: array.copy() for name, array in arrays.items()}
        del arrays
    y_train = own["y"] if order.classes is None else np.asarray(order.classes)[own["y"]]
    with wire.mapped(given.program) as memory:
        program = bytes(memory)
    X_train, X_predict = _rows(given.train, own["train_rows"]), _rows(given.predict, own["predict_rows"])
    # An open descriptor of shared memory has a file position, which the next trial could read.
    for descriptor in {*given} - {given.pipe}:
        os.close(descriptor)
    return Inputs(program, X_train, np.array(y_train), X_predict)


def _rows(descriptor: int, rows: Array) -> pd.DataFrame:
    with wire.mapped(descriptor) as memory:
        return wire.take_rows(*wire.decode(memory), rows)


# --- the estimator ---


def _open(order: Order, program: bytes) -> Any:
    """Make the estimator: from the solution's text, or from a pickle, which is opened nowhere but here."""
    if order.kind == "pickle":
        import pickle

        return pickle.loads(program)
    source = program.decode()
    module = types.ModuleType("solution")
    module.__file__ = order.name
    sys.modules["solution"] = module
    linecache.cache[order.name] = (len(source), None, source.splitlines(keepends=True), order.name)
    exec(compile(source, order.name, "exec"), module.__dict__)
    return module.__dict__["make_estimator"](random_state=order.seed, n_threads=order.threads)


def _thread_joblib() -> None:
    """Let joblib use threads wherever it would start processes, so that isolation does not change how it behaves."""
    if joblib is not None:
        for name in ("loky", "multiprocessing"):
            joblib.register_parallel_backend(name, joblib.parallel.ThreadingBackend)


@contextlib.contextmanager
def _timed(timings: dict[str, float | None], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - started


# --- what comes out ---


def _values(order: Order, estimator: Any, X: pd.DataFrame) -> Array:
    predicted = np.asarray(estimator.predict(X))
    if predicted.ndim == 2 and predicted.shape[1] == 1:
        predicted = predicted[:, 0]  # CatBoost returns a column
    if predicted.shape != (len(X),):
        raise BadOutputError(f"predict returned an array of shape {predicted.shape} for {len(X)} rows")
    if order.classes is None:
        try:
            values = predicted.astype(np.float64)
        except (TypeError, ValueError):
            raise BadOutputError(f"predict returned {predicted.dtype}, not numbers") from None
        if not np.isfinite(values).all():
            raise BadOutputError(
                f"predict returned {np.count_nonzero(~np.isfinite(values))} values that are not finite"
            )
        return values
    if predicted.dtype.names is not None:
        raise BadOutputError(f"predict returned records with fields {_clip(str(predicted.dtype.names), 80)}")
    codes = np.full(len(X), -1, dtype=np.int32)
    for code, label in enumerate(order.classes):
        codes[predicted == label] = code
    if (codes < 0).any():
        unknown = predicted[codes < 0][0]
        raise BadOutputError(f"predict returned {_clip(repr(unknown), 80)}; allowed: {_clip(str(order.classes), 200)}")
    return codes


def _scores(order: Order, estimator: Any, X: pd.DataFrame) -> tuple[Array | None, str | None]:
    """Class probabilities in the competition's class order, or a decision function, or nothing."""
    if order.classes is None:
        return None, None
    classes = order.classes
    if hasattr(estimator, "predict_proba"):
        given = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        labels = list(getattr(estimator, "classes_", classes))
        if given.shape != (len(X), len(labels)):
            raise BadOutputError(f"predict_proba returned an array of shape {given.shape} for {len(X)} rows")
        scores = np.zeros((len(X), len(classes)))
        for column, label in enumerate(labels):
            if label not in classes:
                raise BadOutputError(f"predict_proba has a column for {_clip(repr(label), 80)}, which is no class")
            scores[:, classes.index(label)] = given[:, column]
        kind = "probability"
    elif hasattr(estimator, "decision_function") and len(classes) == 2:
        given = np.asarray(estimator.decision_function(X), dtype=np.float64)
        if given.shape != (len(X),):
            raise BadOutputError(f"decision_function returned an array of shape {given.shape} for {len(X)} rows")
        scores = given
        kind = "decision"
    else:
        return None, None
    if not np.isfinite(scores).all():
        raise BadOutputError(f"{np.count_nonzero(~np.isfinite(scores))} scores are not finite")
    return scores, kind


def _check_alone(order: Order, estimator: Any, X: pd.DataFrame, values: Array, scores: Array | None) -> None:
    """Predict again in shuffled chunks; the rule is that a row's prediction depends on that row alone."""
    rows = np.random.default_rng(order.seed).permutation(len(X))
    for chunk in np.array_split(rows, min(10, len(rows))):
        part = X.iloc[chunk].reset_index(drop=True)
        once = (values[chunk], None if scores is None else scores[chunk])
        again = (_values(order, estimator, part), _scores(order, estimator, part)[0])
        if not all(map(_agree, once, again)):
            raise BadOutputError("a row's prediction depends on the other rows; this competition asks for rows alone")


def _agree(once: Array | None, again: Array | None) -> bool:
    """Equal to what single precision leaves, which adds up in another order for another number of rows."""
    if once is None or again is None:
        return once is again
    return once.shape == again.shape and bool(np.allclose(again, once, rtol=1e-5, atol=1e-5 * np.abs(once).max()))


def _failure(error: BaseException, file: str) -> dict[str, Any]:
    """Type, message, and the lines of the traceback that lie in the solution's file."""
    message = ": ".join(filter(None, (type(error).__name__, _text(error))))
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames if frame.filename == file]
    is_memory = isinstance(error, MemoryError) or any(sign in message for sign in OUT_OF_MEMORY)
    return {
        "type": "memory" if is_memory else "error",
        "message": _clip(" ".join(message.split())),
        "traceback": [_clip(line, 200) for line in lines[-MAX_LINES:]],
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # an exception of the solution's own making may raise another when it is asked
        return ""


def _clip(text: str, length: int = MAX_TEXT) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _write(pipe: int, chunks: list[bytes | memoryview]) -> None:
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            view = view[os.write(pipe, view) :]
