"""Committed results beside results of today: what holds, what has drifted, and what nobody could reproduce."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.dataset import prepare, read_prepared
from competition.errors import PodiumError
from competition.evaluation.verify import DECIDES_NOTHING, TOLERANCE, compare, difference, part
from competition.metrics import METRICS
from competition.results import Failure, Provenance

COUNTS = ((8, 2, 1, 9), (7, 3, 2, 8), (9, 1, 0, 10))
TIMEOUT = Failure(type="timeout", message="ran past the limit of 3 s")
ERROR = Failure(type="error", message="ValueError: no")


@pytest.fixture
def committed(make_result):
    return make_result(counts=COUNTS)


def with_trials(result, change, which=(0, 1, 2)):
    """Change some trials of a result."""
    trials = [
        trial.model_copy(update=change) if number in which else trial for number, trial in enumerate(result.trials)
    ]
    return result.model_copy(update={"trials": tuple(trials)})


def otherwise(result, which=(0, 1, 2), **changes):
    """A result with other predictions in some trials, and other fields."""
    return with_trials(result, {"predictions": "f" * 16}, which).model_copy(update=changes)


def made_with(result, **changes):
    """A result with another provenance."""
    return result.model_copy(update={"provenance": result.provenance.model_copy(update=changes)})


# --- predictions are the same ---


def test_the_same_result_is_identical(committed):
    found = compare(committed, committed)
    assert (found.name, found.verdict, found.differs) == ("logistic", "identical", ())
    assert (found.committed_score, found.score, found.largest_difference) == (0.8, 0.8, 0.0)


def test_costs_do_not_count(committed):
    now = with_trials(committed, {"fit_seconds": 9.0, "wall_seconds": 10.0, "peak_memory_mb": 900.0})
    assert compare(committed, now).verdict == "identical"


def test_newer_packages_that_predict_the_same_are_identical_and_told(committed):
    found = compare(committed, made_with(committed, packages={"numpy": "2.2.0"}))
    assert found.verdict == "identical"
    assert found.differs == ("numpy: 2.1.0 → 2.2.0",)


def test_a_metric_that_was_added_does_not_count(committed):
    now = committed.model_copy(update={"metrics": committed.metrics | {"recall": 0.5}})
    assert compare(committed, now).verdict == "identical"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score": 0.81}, "score: 0.81 → 0.8"),
        ({"metrics": {"f1": 0.81}}, "f1: 0.81 → 0.8"),
        ({"metrics": {"log_loss": 0.4}}, "log_loss: 0.4 → –"),
        ({"heldout": {"f1/private": 0.81}}, "held-out f1/private: 0.81 → 0.8"),
        ({"heldout": {"f1/public": None}}, "held-out f1/public: – → 0.8"),
        ({"confusion": ((60, 0), (5, 15))}, "the confusion matrix"),
    ],
)
def test_a_number_that_does_not_follow_from_the_predictions_is_drift(committed, change, told):
    changed = {
        name: getattr(committed, name) | value if isinstance(value, dict) else value for name, value in change.items()
    }
    found = compare(committed.model_copy(update=changed), committed)
    assert (found.verdict, found.differs) == ("drifted", (told,))


@pytest.mark.parametrize("counts", [((8, 2, 1, 9), (7, 3, 2, 8), (9, 1, 1, 9)), COUNTS[:2], ()])
def test_sums_that_do_not_follow_from_the_predictions_are_drift(committed, make_result, counts):
    for one, other in ((committed, make_result(counts=counts)), (make_result(counts=counts), committed)):
        found = compare(one, other)
        assert (found.verdict, found.differs) == ("drifted", ("the sums by cluster, which intervals are drawn from",))


# --- predictions differ ---


def test_other_predictions_from_the_same_of_everything_are_not_reproducible(committed):
    found = compare(committed, otherwise(committed, which=(1,)))
    assert (found.verdict, found.differs) == ("not reproducible", ("predictions: 1 of 3 trials",))
    assert compare(committed, otherwise(committed, score=0.2)).verdict == "not reproducible"


@pytest.mark.parametrize("field", sorted(DECIDES_NOTHING))
def test_a_version_by_itself_explains_nothing(committed, field):
    now = made_with(otherwise(committed), **{field: 2 if field == "competition_version" else "9.9.9"})
    found = compare(committed, now)
    assert found.verdict == "not reproducible"
    assert found.differs[0].startswith(f"{field}: ")


@pytest.mark.parametrize("field", sorted(Provenance.model_fields.keys() - DECIDES_NOTHING - {"packages"}))
def test_what_differs_is_told_field_by_field(committed, field):
    value = getattr(committed.provenance, field)
    now = made_with(otherwise(committed), **{field: value + 1 if isinstance(value, int) else "other"})
    found = compare(committed, now)
    assert found.verdict == "within tolerance"
    assert found.differs == (
        f"{field}: {value} → {getattr(now.provenance, field)}",
        "predictions: 3 of 3 trials",
    )


def test_what_differs_is_told_package_by_package(committed):
    before = made_with(committed, packages={"joblib": "1.4.0", "numpy": "2.1.0", "scipy": "1.15.0"})
    now = made_with(otherwise(committed), packages={"lightgbm": "4.6.0", "numpy": "2.2.0", "scipy": "1.15.0"})
    found = compare(before, now)
    assert found.verdict == "within tolerance"
    assert found.differs[:-1] == ("joblib: 1.4.0 → absent", "lightgbm: absent → 4.6.0", "numpy: 2.1.0 → 2.2.0")


@pytest.mark.parametrize(("gap", "verdict"), [(0.9 * TOLERANCE, "within tolerance"), (1.1 * TOLERANCE, "drifted")])
@pytest.mark.parametrize("where", ["score", "metrics", "heldout"])
def test_every_score_of_the_board_must_lie_within_the_tolerance(committed, where, gap, verdict):
    key = {"metrics": "f1", "heldout": "f1/private"}.get(where)
    changed = committed.score - gap if key is None else getattr(committed, where) | {key: 0.8 - gap}
    found = compare(committed, made_with(otherwise(committed, **{where: changed}), numerics="another processor"))
    assert found.verdict == verdict
    assert found.largest_difference == pytest.approx(gap)
    assert found.differs[-1].endswith(f"0.8 → {0.8 - gap:.6g}")


def test_a_score_that_vanishes_is_drift(committed):
    now = made_with(otherwise(committed, metrics=committed.metrics | {"roc_auc": None}), python="3.13.0")
    found = compare(committed, now)
    assert (found.verdict, found.largest_difference) == ("drifted", None)
    assert found.differs[-1] == "roc_auc: 0.9 → –"


# --- failures ---


def failing(make_result, failure):
    return make_result(score=None, failure=failure)


def test_a_failure_that_appears_or_vanishes_is_drift(make_result):
    good, bad = make_result(), failing(make_result, TIMEOUT)
    found = compare(good, bad)
    assert (found.verdict, found.committed_score, found.score) == ("drifted", 0.8, None)
    assert found.differs[:3] == (
        "repeat 0, fold 0: no failure → timeout",
        "repeat 0, fold 1: no failure → timeout",
        "held-out rows: no failure → timeout",
    )
    assert compare(bad, good).verdict == "drifted"
    assert compare(bad, failing(make_result, ERROR)).differs[0] == "repeat 0, fold 0: timeout → error"


def test_the_same_failure_again_is_identical(make_result):
    bad = failing(make_result, ERROR)
    again = with_trials(bad, {"failure": ERROR.model_copy(update={"message": "ValueError: at 0x7f01"})})
    assert compare(bad, again).verdict == "identical"


def test_a_failing_solution_may_not_be_reproducible_in_its_other_trials(make_result):
    good = make_result(score=None)
    bad = with_trials(good, {"failure": ERROR, "predictions": None, "metrics": {}}, which=(0,))
    found = compare(bad, otherwise(bad, which=(1,)))
    assert (found.verdict, found.differs) == ("not reproducible", ("predictions: 1 of 3 trials",))


def test_other_folds_are_drift(committed):
    now = committed.model_copy(update={"trials": committed.trials[:1] + committed.trials[2:]})
    found = compare(committed, now)
    assert (found.verdict, found.differs) == ("drifted", ("repeat 0, fold 1: no failure → no trial",))


def test_a_solution_without_a_committed_result_is_missing(committed):
    found = compare(None, committed)
    assert (found.name, found.verdict, found.committed_score, found.score) == ("logistic", "missing", None, 0.8)


# --- the difference of two scores ---

scores = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.sampled_from(sorted(METRICS)), scores, scores)
def test_a_difference_has_no_direction_and_is_none_for_equals(metric, one, other):
    found = difference(metric, one, other)
    assert found == difference(metric, other, one)
    assert 0 <= found <= 2
    assert difference(metric, one, one) == 0
    assert (found == 0) == (one == other)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.sampled_from([1e-3, 1e3]))
def test_the_unit_of_an_error_does_not_matter(one, other, unit):
    name = "root_mean_squared_error"
    assert difference(name, one * unit, other * unit) == pytest.approx(difference(name, one, other))


def test_a_score_of_at_most_one_is_compared_as_it_stands():
    assert difference("f1", 0.01, 0.03) == pytest.approx(0.02)
    assert difference("r2", -300.0, -303.0) == pytest.approx(3 / 303)
    assert difference("f1", None, None) == 0
    assert difference("f1", None, 0.0) == difference("log_loss", 0.0, None) == math.inf


# --- parts ---


@given(st.sets(st.text(min_size=1, max_size=3), max_size=12), st.integers(1, 9), st.integers(1, 400))
def test_the_parts_of_a_board_make_the_board(names, count, day):
    parts = [part(names, day + number, count) for number in range(count)]
    assert sorted(name for one in parts for name in one) == sorted(names)
    assert max(len(one) for one in parts) - min(len(one) for one in parts) <= 1
    assert part(names, day + count, count) == parts[0]


def test_a_part_begins_with_its_own_number():
    assert part(["c", "a", "b"], 1, 2) == ["a", "c"]
    assert part(["c", "a", "b"], 2, 2) == ["b"]


@pytest.mark.parametrize(("index", "count"), [(0, 3), (1, 0), (-1, 3)])
def test_a_part_that_is_none_is_refused(index, count):
    with pytest.raises(PodiumError, match=f"--part: found {index}/{count}; allowed: whole numbers from 1"):
        part(["a"], index, count)


# --- through the engine ---

NOISE = """
import numpy as np


class Noise:
    def __init__(self, rng):
        self.rng = rng

    def fit(self, X, y):
        return self

    def predict(self, X):
        return (X["x"] + self.rng.normal(size=len(X)) > 0).astype(int)


def make_estimator(random_state, n_threads):
    return Noise(np.random.default_rng({seed}))
"""


def test_a_solution_that_draws_without_its_seed_is_found(tmp_path, new_competition, run_all):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    prepared = read_prepared(repository, definition)
    bodies = {"seeded": NOISE.format(seed="random_state"), "unseeded": NOISE.format(seed="")}
    once, again = (run_all(tmp_path, prepared, bodies) for _ in range(2))
    verdicts = {name: compare(once[name], again[name]).verdict for name in bodies}
    assert verdicts == {"seeded": "identical", "unseeded": "not reproducible"}
