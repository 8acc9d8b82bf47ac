"""Who falls on another draw of the data, and that nobody falls for nothing: results made by hand."""

import numpy as np
import pytest

from competition.definition import Competition
from competition.evaluation.falls import fell, lacking, unsaid
from competition.measures.sums import SCORE_BINS, score_histograms
from competition.results import Failure

ROWS = 40


def accuracies(n, rng):
    return dict(zip([f"honest_{number}" for number in range(n)], rng.uniform(0.6, 0.9, size=n), strict=True))


def board(make_result, scorer, of_solutions, rng, n_days=30):
    """Results on one draw: days are hard or easy for all alike, and a little for each solution."""
    hardness = rng.normal(scale=0.08, size=n_days)
    results = []
    for name, accuracy in of_solutions.items():
        right = np.clip(accuracy - hardness + rng.normal(scale=0.03, size=n_days), 0.02, 0.99)
        positive = rng.binomial(ROWS, 0.4, size=n_days)
        hits, rejections = rng.binomial(positive, right), rng.binomial(ROWS - positive, right)
        counts = np.stack([rejections, ROWS - positive - rejections, positive - hits, hits], axis=1)
        results.append(make_result(name, scorer.from_statistics(counts.sum(axis=0)), counts=counts.tolist()))
    return results


@pytest.fixture
def scorer(small_definition):
    return small_definition.scorer("f1", 2)


def names_of(falls):
    return {fall.name for fall in falls if fall.fell}


@pytest.mark.parametrize("n_honest", [4, 6, 20])
@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.08])
def test_solutions_that_know_the_labels_are_found(make_result, small_definition, scorer, n_honest, shift):
    rng = np.random.default_rng([n_honest, round(100 * shift) + 10])
    honest, cheats = accuracies(n_honest, rng), {"cheat": 0.99}
    if n_honest > 5:
        cheats["half_a_cheat"] = 0.9
    committed = board(make_result, scorer, honest | cheats, rng)
    on_new = {name: accuracy + shift for name, accuracy in honest.items()} | dict.fromkeys(cheats, 0.6 + shift)
    falls = fell(committed, board(make_result, scorer, on_new, rng), small_definition)
    assert names_of(falls) == set(cheats)
    assert falls[0].name == "cheat"
    assert (falls[0].committed_rank, falls[0].rank) == (1, len(on_new)) or falls[0].rank > 1
    assert falls[0].score < falls[0].interval.low < falls[0].interval.high


@pytest.mark.parametrize("suits", [0.0, 0.03])
@pytest.mark.parametrize("n", [4, 12])
def test_honest_solutions_seldom_fall(make_result, small_definition, scorer, n, suits):
    alarms = 0
    for number in range(20):
        rng = np.random.default_rng([number, n])
        solutions = accuracies(n, rng)
        on_new = {name: accuracy + 0.05 + rng.normal(scale=suits) for name, accuracy in solutions.items()}
        draws = [board(make_result, scorer, each, rng) for each in (solutions, on_new)]
        alarms += bool(names_of(fell(*draws, small_definition)))
    assert alarms <= 2


def test_an_error_that_rises_is_a_fall_and_one_that_drops_is_none(make_rules, make_result):
    definition = Competition.model_validate(make_rules("regression"))
    scorer = definition.scorer("root_mean_squared_error", 0)
    rng = np.random.default_rng(0)

    def draw(errors):
        results = []
        for name, error in errors.items():
            squared = (error * rng.normal(size=(30, ROWS))) ** 2
            counts = np.stack([np.full(30, ROWS), *[squared.sum(axis=1)] * 4], axis=1)
            score = scorer.from_statistics(counts.sum(axis=0))
            results.append(make_result(name, score, counts=counts.tolist()))
        return results

    honest = {"a": 1.0, "b": 1.2, "c": 1.1, "d": 0.9}
    falls = fell(draw(honest | {"cheat": 0.1, "late": 1.5}), draw(honest | {"cheat": 1.0, "late": 0.7}), definition)
    assert names_of(falls) == {"cheat"}
    assert falls[0].committed_rank == 1


def test_only_solutions_of_both_draws_are_compared_by_their_places_among_these(make_result, small_definition, scorer):
    rng = np.random.default_rng(1)
    solutions = accuracies(5, rng)
    committed = board(make_result, scorer, solutions | {"gone": 0.95}, rng)
    falls = fell(committed, board(make_result, scorer, solutions | {"new": 0.95}, rng), small_definition)
    assert {fall.name for fall in falls} == set(solutions)
    assert [fall.committed_rank for fall in falls] == [1, 2, 3, 4, 5]
    assert sorted(fall.rank for fall in falls) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("kind", "is_a_fall"), [("error", True), ("crash", True), ("timeout", False), ("infrastructure", False)]
)
def test_failing_on_the_new_draw_is_a_fall_if_it_is_the_solutions_doing(
    make_result, small_definition, scorer, kind, is_a_fall
):
    rng = np.random.default_rng(2)
    solutions = accuracies(5, rng)
    committed = board(make_result, scorer, solutions | {"broken": 0.7}, rng)
    on_new = board(make_result, scorer, solutions, rng)
    on_new.append(make_result("broken", None, failure=Failure(type=kind, message="no")))
    falls = {fall.name: fall for fall in fell(committed, on_new, small_definition)}
    assert falls["broken"].fell == is_a_fall
    assert (falls["broken"].score, falls["broken"].rank, falls["broken"].interval) == (None, None, None)
    assert not any(falls[name].fell for name in solutions)


def test_a_solution_that_failed_before_cannot_fall(make_result, small_definition, scorer):
    rng = np.random.default_rng(3)
    solutions = accuracies(4, rng)
    failure = Failure(type="error", message="no")
    draws = [
        [*board(make_result, scorer, solutions, rng), make_result("broken", None, failure=failure)] for _ in range(2)
    ]
    falls = fell(*draws, small_definition)
    assert names_of(falls) == set()
    assert (falls[-1].name, falls[-1].committed_rank) == ("broken", None)


def test_too_few_days_say_nothing_of_anybody(make_result, small_definition, scorer):
    rng = np.random.default_rng(5)
    solutions = accuracies(5, rng)
    draws = [board(make_result, scorer, solutions | {"cheat": accuracy}, rng, n_days=9) for accuracy in (0.99, 0.5)]
    falls = fell(*draws, small_definition)
    assert names_of(falls) == set()
    assert {fall.interval for fall in falls} == {None}
    assert unsaid(*draws, small_definition) == (
        "on the committed data scores rest on 9 clusters of rows (by row); 10 or more clusters are needed"
    )


def test_what_a_draw_lacks_is_said(make_result, small_definition, scorer):
    rng = np.random.default_rng(7)
    of_enough, of_few = (board(make_result, scorer, accuracies(4, rng), rng, n_days=days) for days in (10, 4))
    failed = [make_result(one.solution.name, None) for one in of_enough]
    assert lacking(of_enough, small_definition) == ""
    assert unsaid(of_enough, of_enough, small_definition) == ""
    assert unsaid(of_enough, of_few, small_definition).startswith("on the new data scores rest on 4 clusters")
    assert unsaid(of_enough, [*failed[:2], *of_enough[2:]], small_definition).startswith(
        "on the new data 2 of 4 solutions have a score"
    )
    bare = [one.model_copy(update={"statistics": None}) for one in of_enough]
    assert lacking(bare, small_definition).startswith("scores rest on no sums that a spread follows from; 10 or more")
    assert lacking(of_enough[:2], small_definition).startswith("2 of 2 solutions have a score")


def test_scores_of_which_no_two_draws_have_three_in_common_tell_nothing(make_result, small_definition, scorer):
    rng = np.random.default_rng(8)
    results = board(make_result, scorer, accuracies(5, rng), rng)
    failed = [make_result(one.solution.name, None) for one in results]
    draws = [*failed[:2], *results[2:]], [*results[:3], *failed[3:]]
    assert "too few solutions have a 'f1' on both draws" in unsaid(*draws, small_definition)
    assert {fall.interval for fall in fell(*draws, small_definition)} == {None}


def test_a_fold_of_few_days_is_no_obstacle(make_rules, make_result, scorer):
    # Resampled days often leave a fold without a row, and its score undefined.
    definition = Competition.model_validate(make_rules(metric={"primary": "roc_auc", "also": ["f1"]}))
    ranking = definition.scorer("roc_auc", 2)
    rng = np.random.default_rng(6)

    def draw(qualities):
        results = []
        for name, quality in qualities.items():
            truth = rng.integers(2, size=(10, 2, 50))  # ten folds of two days
            scores = quality * truth + rng.normal(size=truth.shape)
            units = np.zeros((10, 20, 2 * SCORE_BINS), dtype=int)
            for fold in range(10):
                day = np.repeat(2 * fold + np.arange(2), 50)
                units[fold] = score_histograms(truth[fold].ravel() == 1, scores[fold].ravel(), day, 20)
            score = float(np.mean([ranking.from_statistics(unit.sum(axis=0)) for unit in units]))
            made = make_result(name, score, counts=units[0].tolist())
            statistics = made.statistics.model_copy(update={"metric": "roc_auc", "units": units.tolist()})
            results.append(made.model_copy(update={"statistics": statistics}))
        return results

    honest = {"a": 1.0, "b": 1.2, "c": 0.8, "d": 1.5, "e": 1.1, "f": 0.9}
    falls = fell(draw(honest | {"cheat": 6.0}), draw(honest | {"cheat": 0.2}), definition)
    assert names_of(falls) == {"cheat"}
    assert all(fall.interval is not None for fall in falls)


def test_of_two_solutions_nobody_can_tell_which_one_fell(make_result, small_definition, scorer):
    rng = np.random.default_rng(4)
    draws = [board(make_result, scorer, {"a": 0.7, "b": score}, rng) for score in (0.99, 0.5)]
    falls = fell(*draws, small_definition)
    assert names_of(falls) == set()
    assert [fall.interval for fall in falls] == [None, None]
    assert fell([], [], small_definition) == []
