import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from competition.progress import Estimate, Watch, expected_seconds
from competition.results import Result, TrialRecord

SECONDS = st.floats(0.01, 1000)


def record(seconds: float) -> TrialRecord:
    return TrialRecord(
        part="cv",
        repeat=0,
        fold=0,
        seed=0,
        rows_train=1,
        rows_predict=1,
        metrics={},
        fit_seconds=None,
        predict_seconds=None,
        wall_seconds=seconds,
        peak_memory_mb=None,
        predictions=None,
        failure=None,
    )


@given(st.dictionaries(st.sampled_from("abc"), SECONDS, min_size=1), st.integers(1, 6), st.integers(1, 4))
def test_estimate_starts_at_the_expected_time_and_ends_at_none(
    expected: dict[str, float], trials: int, jobs: int
) -> None:
    estimate = Estimate(expected, trials, jobs)
    assert estimate.left == pytest.approx(sum(expected.values()) * trials / jobs)
    for name, seconds in expected.items():
        for _ in range(trials):
            estimate.add(name, record(seconds), cached=False)
    assert estimate.left == 0


def test_estimate_follows_the_pace_of_this_machine() -> None:
    estimate = Estimate({"a": 1.0, "b": 2.0}, trials=2, jobs=1)
    estimate.add("a", record(3.0), cached=False)
    assert estimate.left == pytest.approx(3.0 + 2 * 2.0 * 3.0)


def test_a_trial_from_the_cache_is_done_and_tells_nothing_of_the_pace() -> None:
    estimate = Estimate({"a": 1.0, "b": 2.0}, trials=2, jobs=1)
    estimate.add("a", record(60.0), cached=True)
    assert estimate.left == pytest.approx(1.0 + 2 * 2.0)


def test_unknown_solutions_are_expected_to_be_typical(make_result: Callable[..., Result]) -> None:
    known = expected_seconds([make_result(name="a")])
    estimate = Estimate.of(["a", "new"], known, trials=2, jobs=1)
    assert estimate.expected == {"a": known["a"], "new": known["a"]}
    assert set(Estimate.of(["x", "y"], {}, trials=2, jobs=1).expected.values()) == {3.0}


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["a"], "verifying: 1 solution, 2 trials, 3 at a time\n"),
        (["a", "b"], "verifying: 2 solutions, 4 trials, 3 at a time\n"),
    ],
)
def test_without_a_terminal_a_line_says_that_it_has_begun(names: list[str], line: str) -> None:
    console = Console(file=io.StringIO(), width=20)
    with Watch(console, Estimate.of(names, {}, trials=2, jobs=3), len(names), "verifying").showing():
        assert isinstance(console.file, io.StringIO)
        assert console.file.getvalue() == line


@pytest.mark.parametrize(("silent", "said"), [(29.0, ""), (30.0, "1 of 4 trials, about 9 s left\n")])
def test_without_a_terminal_a_long_silence_is_broken(silent: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("competition.progress.monotonic", lambda: now)
    console = Console(file=io.StringIO(), width=20)
    watch = Watch(console, Estimate.of(["a", "b"], {}, trials=2, jobs=1), 2)
    now += silent
    watch.trial_ended("a", record(3.0))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == said


def test_on_a_terminal_the_bar_says_it() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with Watch(console, Estimate.of(["a"], {}, trials=2, jobs=3), 1, "verifying").showing():
        pass
    assert isinstance(console.file, io.StringIO)
    assert "at a time" not in console.file.getvalue()
