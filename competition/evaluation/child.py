"""The worker process, and the trials that it forks: all of ours that runs beside a stranger's code.

A worker imports libraries, waits for orders on its control socket, forks a child for each and tells how it ended. The
child reads its inputs from descriptors, fits, predicts, and writes one message down a pipe. It imports numpy and pandas
at most; the sources of this file and of ``wire.py`` decide what a trial sees.
"""

import contextlib
import ctypes
import importlib
import json
import linecache
import mmap
import os
import random
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.evaluation import wire

LENGTH = struct.Struct("<I")
MAX_TEXT = 2_000
MAX_LINES = 20
N_DESCRIPTORS = 5
PR_SET_PDEATHSIG = 1
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "bad allocation", "Cannot allocate memory", "out of memory")

Array = NDArray[Any]
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Order:
    """What a trial is told; what it is given comes as descriptors.

    Parameters
    ----------
    name : str
        The solution's file, as it stands in a traceback.
    kind : {"source", "pickle"}
        Whether the program is the text of a solution or a pickled estimator.
    classes : list or None
        Class labels in the competition's order, None for regression.
    alone : bool
        Whether a row's prediction must not depend on the other rows.
    seed, threads : int
        Arguments of ``make_estimator``.
    seconds : float
        Wall-clock limit.
    memory_bytes : int
        Limit of the address space.
    cpus : list of int
        Cores that the trial may use; empty for any.
    """

    name: str
    kind: str
    classes: list[Any] | None
    alone: bool
    seed: int
    threads: int
    seconds: float
    memory_bytes: int
    cpus: list[int]


class BadOutputError(Exception):
    """Predictions that break the contract."""


# --- messages on the control socket, shared with the harness ---


def send(control: socket.socket, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
    """Send a JSON message, with descriptors if any."""
    body = json.dumps(message).encode()
    prefix = LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(control, [prefix], descriptors)
        control.sendall(body)
    else:
        control.sendall(prefix + body)


def receive(control: socket.socket, n_descriptors: int = 0) -> tuple[dict[str, Any], list[int]] | None:
    """Receive a message and its descriptors, None when the other side has gone."""
    try:
        prefix, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, n_descriptors)
        if len(prefix) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(prefix)
        body = bytearray()
        while len(body) < length:
            part = control.recv(length - len(body))
            if not part:
                return None
            body += part
    except ConnectionResetError:
        return None
    return json.loads(body), list(descriptors)


# --- the worker ---


def serve(control: socket.socket, preload: list[str]) -> None:
    """Import libraries, then fork a child for each order until the harness closes the socket."""
    for module in preload:
        # A library that cannot be imported fails in the trial that needs it, where it is told.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    while (received := receive(control, N_DESCRIPTORS)) is not None:
        message, descriptors = received
        order = Order(**message)
        started = time.monotonic()
        worker = os.getpid()
        pid = os.fork()
        if pid == 0:
            control.close()
            _trial(order, worker, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        timed_out = not _wait(pid, order.seconds, control)
        _kill(pid)
        _, status, usage = os.wait4(pid, 0)
        _empty(Path.cwd())
        ended = {
            "status": os.waitstatus_to_exitcode(status),
            "timed_out": timed_out,
            "seconds": time.monotonic() - started,
            "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        }
        with contextlib.suppress(BrokenPipeError):  # the harness has gone; the next receive ends the loop
            send(control, ended)


def _wait(pid: int, seconds: float, control: socket.socket) -> bool:
    """Wait until a child has ended; False if it ran past the limit. Ends the worker when the harness has gone."""
    if hasattr(os, "pidfd_open"):
        child = os.pidfd_open(pid)
        try:
            waited: list[Any] = [child, control]
            ready, _, _ = select.select(waited, [], [], seconds)
        finally:
            os.close(child)
        _leave_if_gone(pid, ready, child, control)
        return child in ready
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # WNOWAIT leaves the child to be reaped, with its resource usage, by the caller.
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        readable, _, _ = select.select([control], [], [], 0.005)
        _leave_if_gone(pid, readable, -1, control)
    return False


def _leave_if_gone(pid: int, ready: list[Any], child: int, control: socket.socket) -> None:
    # The harness sends nothing while a trial runs, so a readable socket is a closed one.
    if control in ready and child not in ready:
        _kill(pid)
        os._exit(1)


def _kill(pid: int) -> None:
    """End a trial and whatever it has left behind in its process group; it may not have made one yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _empty(folder: Path) -> None:
    """Remove what a trial wrote into its scratch directory."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


# --- the trial ---


def _trial(order: Order, worker: int, program: int, train: int, predict: int, labels: int, pipe: int) -> None:
    """Run one trial in the forked child and leave."""
    status = 1
    try:
        _confine(order, worker)
        _write(pipe, _run(order, program, train, predict, labels))
        status = 0
    finally:
        os._exit(status)


def _confine(order: Order, worker: int) -> None:
    """Set limits and the fixed surroundings of a trial."""
    os.setsid()
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # no trial outlives its worker
    if os.getppid() != worker:
        os._exit(1)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    if order.cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order.cpus)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    random.seed(order.seed)
    np.random.seed(order.seed)


def _run(order: Order, program: int, train: int, predict: int, labels: int) -> list[bytes | memoryview]:
    """Fit and predict; the message holds predictions, or the failure."""
    timings: dict[str, float | None] = {"fit_seconds": None, "predict_seconds": None}
    try:
        given, _ = wire.decode(_map(labels))
        X_train = wire.take_rows(*wire.decode(_map(train)), given["train_rows"])
        X_predict = wire.take_rows(*wire.decode(_map(predict)), given["predict_rows"])
        y_train = given["y"] if order.classes is None else np.asarray(order.classes)[given["y"]]
        y_train = np.array(y_train)  # the trial's own, writable
        with _timed(timings, "fit_seconds"):
            estimator = _open(order, _map(program))
            _thread_joblib()
            fitted = estimator.fit(X_train, y_train)
            estimator = estimator if fitted is None else fitted
        with _timed(timings, "predict_seconds"):
            values = _values(order, estimator, X_predict)
        scores, score_kind = _scores(order, estimator, X_predict)
        if order.alone:
            _check_alone(order, estimator, X_predict, values, scores)
        arrays = {"values": values} if scores is None else {"values": values, "scores": scores}
        return wire.encode(arrays, {**timings, "score_kind": score_kind})
    except BadOutputError as error:
        failure = {"type": "bad-output", "message": _clip(str(error)), "traceback": []}
    except BaseException as error:
        failure = _failure(error, order.name)
    return wire.encode({}, {**timings, "failure": failure})


@contextlib.contextmanager
def _timed(timings: dict[str, float | None], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - started


def _map(descriptor: int) -> memoryview:
    return memoryview(mmap.mmap(descriptor, 0, prot=mmap.PROT_READ))


def _open(order: Order, program: memoryview) -> Any:
    """Make the estimator: from the solution's text, or from a pickle, which is opened nowhere but here."""
    if order.kind == "pickle":
        import pickle

        return pickle.loads(program)
    source = bytes(program).decode()
    module = types.ModuleType("solution")
    module.__file__ = order.name
    sys.modules["solution"] = module
    linecache.cache[order.name] = (len(source), None, source.splitlines(keepends=True), order.name)
    exec(compile(source, order.name, "exec"), module.__dict__)
    return module.__dict__["make_estimator"](random_state=order.seed, n_threads=order.threads)


def _thread_joblib() -> None:
    """Let joblib use threads, so that isolation does not change how a solution behaves."""
    if "joblib" in sys.modules:
        sys.modules["joblib"].parallel_config(backend="threading")


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
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames if frame.filename == file]
    is_memory = isinstance(error, MemoryError) or any(sign in message for sign in OUT_OF_MEMORY)
    return {
        "type": "memory" if is_memory else "error",
        "message": _clip(" ".join(message.split())),
        "traceback": [_clip(line, 200) for line in lines[-MAX_LINES:]],
    }


def _clip(text: str, length: int = MAX_TEXT) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _write(pipe: int, chunks: list[bytes | memoryview]) -> None:
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            view = view[os.write(pipe, view) :]


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
