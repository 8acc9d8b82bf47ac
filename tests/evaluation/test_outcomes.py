"""The judgement on a trial that has ended."""

import signal

import numpy as np
import pytest

from competition.evaluation import wire
from competition.evaluation.control import Ended, Order, Runtime
from competition.evaluation.outcomes import LARGEST_VALUE, Work, check_predictions, judge, most_bytes

N = 4
ORDER = Order("s.py", "source", [0, 1], False, 1, 1, 60.0, 10**9)
WORK = Work(ORDER, Runtime(), b"", -1, -1, np.arange(3), np.arange(N), np.zeros(3, dtype=int))
GOOD = {"values": np.array([0, 1, 0, 1], dtype=np.int32), "scores": np.tile([0.4, 0.6], (N, 1))}
META = {"score_kind": "probability", "fit_seconds": 1.0, "predict_seconds": 0.5}


def ended(status=0, stopped=None, trouble=None):
    return Ended(status, stopped, seconds=2.0, peak_bytes=10**8, trouble=trouble, reference_seconds=0.01)


def answer(arrays=GOOD, **meta):
    return b"".join(bytes(chunk) for chunk in wire.encode(arrays, META | meta))


def judged(content, how=None, size=None):
    return judge(WORK, content, len(content) if size is None else size, how or ended())


def test_predictions_come_with_what_they_cost():
    outcome = judged(answer())
    assert outcome.failure is None
    assert outcome.predictions.values.tolist() == [0, 1, 0, 1]
    assert (outcome.fit_seconds, outcome.predict_seconds) == (1.0, 0.5)
    assert (outcome.wall_seconds, outcome.peak_memory_mb) == (2.0, 100.0)
    assert outcome.reference_seconds == 0.01


@pytest.mark.parametrize("told", [-1.0, 3.0, True, "1", None, float("nan")])
def test_a_time_that_cannot_be_is_not_believed(told):
    assert judged(answer(fit_seconds=told)).fit_seconds is None


@pytest.mark.parametrize(
    ("arrays", "meta"),
    [
        ({"scores": GOOD["scores"]}, {}),
        (GOOD | {"values": GOOD["values"].astype(np.int64)}, {}),
        (GOOD | {"values": GOOD["values"][:-1]}, {}),
        (GOOD | {"values": GOOD["values"] + 1}, {}),
        (GOOD | {"values": GOOD["values"] - 1}, {}),
        (GOOD | {"scores": GOOD["scores"] * np.nan}, {}),
        (GOOD | {"scores": GOOD["scores"] * 2}, {}),
        (GOOD | {"scores": GOOD["scores"] - 0.5}, {}),
        (GOOD | {"scores": GOOD["scores"].astype(np.float32)}, {}),
        (GOOD | {"scores": GOOD["scores"][:, :1]}, {}),
        (GOOD, {"score_kind": "decision"}),
        (GOOD, {"score_kind": "surprise"}),
        ({}, {"failure": {"type": "infrastructure", "message": "the machine did it"}}),
        ({}, {"failure": {"type": "timeout", "message": "it took too long"}}),
        ({}, {"failure": "it failed"}),
    ],
)
def test_what_breaks_the_form_is_bad_output(arrays, meta):
    outcome = judged(answer(arrays, **meta))
    assert outcome.predictions is None
    assert outcome.failure.type == "bad-output"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2 * LARGEST_VALUE, -np.finfo(np.float64).max])
def test_a_value_whose_error_cannot_be_summed_is_refused(value):
    values = np.array([0.0, LARGEST_VALUE, -LARGEST_VALUE, 1e-300])
    assert np.array_equal(check_predictions({"values": values}, {}, N, 0).values, values)
    with pytest.raises(ValueError, match="not finite, or beyond ±1e\\+50"):
        check_predictions({"values": np.array([0.0, value, 0.0, 0.0])}, {}, N, 0)


def test_bytes_that_are_no_message_or_too_many_are_bad_output():
    assert judged(b"\x80\x04pickle").failure.type == "bad-output"
    assert judged(answer(), size=most_bytes(WORK) + 10**6).failure.type == "bad-output"


def test_what_the_process_did_weighs_more_than_what_it_sent():
    assert judged(answer(), ended(stopped="timeout")).failure.type == "timeout"
    assert "made more than" in judged(answer(), ended(stopped="made more than 10 files")).failure.message
    assert "SIGSEGV" in judged(answer(), ended(status=-signal.SIGSEGV)).failure.message
    assert judged(b"", ended(status=3)).failure.type == "crash"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 1), (b"", -signal.SIGKILL), (answer({}, failure={"type": "error", "message": "No space left"}), 0)],
)
def test_a_failure_that_the_machine_is_to_blame_for_is_not_the_solutions(content, status):
    outcome = judged(content, ended(status=status, trouble="the disk is full"))
    assert outcome.failure.type == "infrastructure"
    assert outcome.failure.message == "the disk is full"
    assert judged(content, ended(status=status)).failure.type != "infrastructure"


def test_trouble_that_a_solution_got_by_with_does_not_count():
    assert judged(answer(), ended(trouble="the disk is full")).failure is None
