"""Ranges of ranks, tie groups, shares of first places and intervals."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.metrics import METRICS, Scorer
from competition.ranking.inference import MIN_CLUSTERS, infer
from competition.ranking.resampling import Contestant, Replicates, resample
from competition.results import Predictions

F1 = Scorer(METRICS["f1"], 2)
RMSE = Scorer(METRICS["root_mean_squared_error"], 0)


def of_labels(rng, accuracy, n=2000, n_clusters=50):
    truth = np.arange(n) % 2
    values = np.where(rng.random(n) < accuracy, truth, 1 - truth)
    cluster = np.arange(n) // 2 % n_clusters
    return Contestant(
        F1.statistics(truth, Predictions(values), cluster, n_clusters)[None].astype(float),
        F1(truth, Predictions(values)),
    )


def of_values(rng, error, n=1000, n_clusters=50):
    truth = np.zeros(n)
    predictions = Predictions(error * rng.normal(size=n))
    return Contestant(
        RMSE.statistics(truth, predictions, np.arange(n) % n_clusters, n_clusters)[None], RMSE(truth, predictions)
    )


def ranked(contestants, scorer=F1, n_resamples=500):
    return infer(resample(contestants, scorer, 0, n_resamples))


def test_clear_differences_give_single_ranks():
    rng = np.random.default_rng(0)
    found = ranked([of_labels(rng, accuracy) for accuracy in (0.7, 0.95, 0.8)])
    assert found.rank_low.tolist() == found.rank_high.tolist() == [3, 1, 2]
    assert found.tied_with_best.tolist() == [False, True, False]
    assert found.first_share.tolist() == [0, 1, 0]
    assert found.reason == ""


def test_equal_skill_gives_the_whole_range():
    rng = np.random.default_rng(1)
    found = ranked([of_labels(rng, 0.8) for _ in range(4)])
    assert found.rank_low.tolist() == [1] * 4
    assert found.rank_high.tolist() == [4] * 4
    assert found.first_share.sum() == pytest.approx(1)


def test_smaller_is_better_for_errors():
    rng = np.random.default_rng(2)
    found = ranked([of_values(rng, error) for error in (3.0, 1.0, 2.0)], RMSE)
    assert found.rank_low.tolist() == found.rank_high.tolist() == [3, 1, 2]
    assert found.first_share.tolist() == [0, 1, 0]
    assert (found.low < [3.0, 1.0, 2.0]).all()
    assert (found.high > [3.0, 1.0, 2.0]).all()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_order_of_entry_plays_no_part(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    contestants = [
        of_values(rng, error)
        for error in data.draw(st.lists(st.sampled_from([1.0, 1.05, 1.5]), min_size=1, max_size=7))
    ]
    contestants += contestants[:2]  # and equal ones
    order = np.array(data.draw(st.permutations(range(len(contestants)))))
    one, other = ranked(contestants, RMSE, 200), ranked([contestants[place] for place in order], RMSE, 200)
    for name in ("low", "high", "first_share", "rank_low", "rank_high"):
        assert np.array_equal(getattr(one, name)[order], getattr(other, name)), name


def test_a_dummy_changes_neither_who_is_tied_nor_the_ranks_of_the_rest():
    rng = np.random.default_rng(3)
    contestants = [of_labels(rng, accuracy) for accuracy in np.linspace(0.74, 0.82, 8)]
    before = ranked(contestants)
    after = ranked([*contestants, *(of_labels(rng, 0.3) for _ in range(20))])
    assert np.array_equal(before.rank_low, after.rank_low[:8])
    assert np.array_equal(before.rank_high, after.rank_high[:8])
    assert before.first_share == pytest.approx(after.first_share[:8])
    assert after.rank_low[8:].min() == 9
    assert not before.tied_with_best.all()


def test_identical_predictions_are_tied_and_share():
    rng = np.random.default_rng(4)
    best, worse = of_labels(rng, 0.95), of_labels(rng, 0.6)
    found = ranked([best, worse, best, worse, best])
    assert found.rank_low.tolist() == [1, 4, 1, 4, 1]
    assert found.rank_high.tolist() == [3, 5, 3, 5, 3]
    assert found.first_share == pytest.approx([1 / 3, 0, 1 / 3, 0, 1 / 3])


def test_copies_of_a_solution_do_not_widen_the_rest():
    rng = np.random.default_rng(5)
    contestants = [of_labels(rng, accuracy) for accuracy in (0.80, 0.83, 0.86)]
    before, after = ranked(contestants), ranked([*contestants, *contestants[:1] * 30])
    assert np.array_equal(before.tied_with_best, after.tied_with_best[:3])


def test_a_constant_difference_is_told_apart_without_a_division():
    truth = np.arange(400) % 2
    never, always = np.zeros(400, dtype=int), truth
    cluster = np.arange(400) // 2 % 20
    contestants = [
        Contestant(
            F1.statistics(truth, Predictions(values), cluster, 20)[None].astype(float), F1(truth, Predictions(values))
        )
        for values in (never, always)
    ]
    with np.errstate(all="raise"):
        found = ranked(contestants)
    assert found.rank_low.tolist() == [2, 1]
    assert (found.low.tolist(), found.high.tolist()) == ([0, 1], [0, 1])


def test_what_the_histograms_do_not_tell_of_a_score_does_not_tell_solutions_apart():
    rng = np.random.default_rng(6)
    replicates = rng.normal(0.7, 0.01, size=(500, 1)) + np.array([0.0, 0.001])
    same_but_for_the_shift = Replicates(
        np.array([0.7, 0.701]), replicates, np.array([0.0, 0.001]), 50, 50.0, greater_is_better=True
    )
    assert infer(same_but_for_the_shift).rank_low.tolist() == [1, 1]


def test_the_larger_of_two_standard_errors_counts():
    rng = np.random.default_rng(8)
    made = resample([of_labels(rng, 0.8), of_labels(rng, 0.85)], F1, 0, 500)
    assert infer(made).rank_low.tolist() == [2, 1]
    unsure = replace(made.jackknife, left_out=made.jackknife.left_out + rng.normal(0, 0.01, (2, 50)))
    found = infer(replace(made, jackknife=unsure))
    assert found.rank_low.tolist() == [1, 1]
    assert (found.high - found.low > 1.5 * (infer(made).high - infer(made).low)).all()


def test_nearly_identical_solutions_are_compared_by_the_rows_that_differ():
    truth = np.arange(20_000) % 2
    cluster = np.arange(20_000) // 2 % 200
    contestants = []
    for n_wrong in (0, 1, 40):
        values = truth.copy()
        values[: n_wrong * 2 : 2] ^= 1
        values[10_000::3] ^= 1
        predictions = Predictions(values)
        contestants.append(
            Contestant(F1.statistics(truth, predictions, cluster, 200)[None].astype(float), F1(truth, predictions))
        )
    found = ranked(contestants)
    assert found.rank_low.tolist() == [1, 1, 3]  # one row is no evidence, forty are


@pytest.mark.parametrize(("n_clusters", "there"), [(MIN_CLUSTERS - 1, False), (MIN_CLUSTERS, True)])
def test_too_few_clusters_give_a_reason_instead(n_clusters, there):
    rng = np.random.default_rng(7)
    found = ranked([of_labels(rng, accuracy, n_clusters=n_clusters) for accuracy in (0.7, 0.9)])
    assert (found.rank_low is not None) is (found.low is not None) is (found.tied_with_best is not None) is there
    assert (found.reason == "") is there
    assert there or f"{n_clusters} clusters" in found.reason


def test_an_undefined_score_gives_a_reason_instead():
    replicates = np.full((100, 2), 0.5)
    replicates[3, 1] = np.nan
    found = infer(Replicates(np.array([0.5, 0.5]), replicates, np.zeros(2), 20, 20.0, greater_is_better=True))
    assert found.rank_low is None
    assert "1 of 100" in found.reason


@pytest.mark.parametrize("n_clusters", [3, 50])
def test_one_solution_is_first(n_clusters):
    found = ranked([of_labels(np.random.default_rng(8), 0.8, n_clusters=n_clusters)])
    assert found.rank_low.tolist() == found.rank_high.tolist() == [1]


def test_few_clusters_widen_the_interval():
    rng = np.random.default_rng(9)
    widths = []
    for n_clusters in (10, 200):
        solutions = [of_labels(rng, 0.8, n_clusters=n_clusters) for _ in range(30)]
        found = ranked(solutions)
        widths.append((found.high - found.low).mean())
    # The rows are independent, so the error is the same; Student's t with 9 degrees of freedom is 15 % wider.
    assert 1.05 < widths[0] / widths[1] < 1.6


def test_ranking_imports_neither_scipy_nor_scikit_learn():
    code = (
        "import sys, competition.ranking.inference, competition.ranking.pairs, competition.ranking.corrected_ttest, "
        "competition.ranking.blend, competition.ranking.overall, competition.ranking.power; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'scipy', 'sklearn', 'pandas', 'matplotlib'}))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
