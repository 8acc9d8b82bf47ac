"""The corrected resampled t-test."""

import numpy as np
import pytest

from competition.definition import Competition
from competition.ranking.corrected_ttest import against_best, corrected_ttest

SIZES = ([90] * 10, [10] * 10)


def test_by_hand():
    first = [0.80, 0.82, 0.81, 0.85, 0.79, 0.83, 0.84, 0.80, 0.82, 0.81]
    second = [0.78, 0.80, 0.80, 0.82, 0.79, 0.80, 0.83, 0.79, 0.79, 0.80]
    difference = np.subtract(first, second)
    found = corrected_ttest(first, second, *SIZES)
    t = difference.mean() / np.sqrt((1 / 10 + 1 / 9) * difference.var(ddof=1))
    assert found.difference == pytest.approx(0.017)
    assert found.t == pytest.approx(t)
    assert found.degrees_of_freedom == 9
    from scipy.stats import t as student

    assert found.p_value == pytest.approx(2 * student.sf(t, 9))


def test_it_is_more_careful_than_the_plain_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    first, second = rng.normal(0.8, 0.02, 10), rng.normal(0.78, 0.02, 10)
    found = corrected_ttest(first.tolist(), second.tolist(), *SIZES)
    assert found.p_value > ttest_rel(first, second).pvalue


def test_the_other_way_round_is_the_same():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.8, 0.02, 10).tolist(), rng.normal(0.78, 0.02, 10).tolist()
    one, other = corrected_ttest(first, second, *SIZES), corrected_ttest(second, first, *SIZES)
    assert (one.difference, one.t) == pytest.approx((-other.difference, -other.t))
    assert one.p_value == pytest.approx(other.p_value)


def test_equal_scores_are_equal():
    found = corrected_ttest([0.1 * i for i in range(10)], [0.1 * i for i in range(10)], *SIZES)
    assert (found.difference, found.t, found.p_value) == (0, 0, 1)


def test_a_constant_difference_has_no_variance():
    scores = [0.1 * i for i in range(10)]
    assert corrected_ttest([one + 0.05 for one in scores], scores, *SIZES) is None


def test_it_needs_ten_resamples():
    assert corrected_ttest([0.1] * 9, [0.2] * 9, [90] * 9, [10] * 9) is None


@pytest.mark.parametrize(
    ("first", "sizes", "message"),
    [
        ([0.5] * 11, SIZES, "for each split"),
        ([0.5] * 9 + [float("nan")], SIZES, "finite"),
        ([0.5] * 10, ([90] * 10, [0] * 10), "with rows"),
    ],
)
def test_what_is_refused(first, sizes, message):
    with pytest.raises(ValueError, match=message):
        corrected_ttest(first, list(np.linspace(0, 1, 10)), *sizes)


@pytest.fixture
def contest(make_rules, make_result):
    """Make rules, and the result of a solution from its score on each of ten folds."""

    def rules(strategy="stratified", n_splits=5, n_repeats=2, by="cv"):
        changes = {"cv": {"strategy": strategy, "n_splits": n_splits, "n_repeats": n_repeats}, "ranking": {"by": by}}
        return Competition.model_validate(make_rules(**changes))

    def result(name, scores):
        made = make_result(name, None if None in scores else float(np.mean(scores)))
        cv, heldout = made.trials[0], made.trials[-1]
        trials = [
            cv.model_copy(update={"repeat": at // 5, "fold": at % 5, "metrics": {"f1": score}})
            for at, score in enumerate(scores)
        ]
        return made.model_copy(update={"trials": (*trials, heldout)})

    return rules, result


def test_everyone_is_compared_with_the_leader(contest):
    rules, result = contest
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.01, (3, 10))
    leader, near, far = (level + one for level, one in zip((0.8, 0.79, 0.7), noise, strict=True))
    made = [result(name, scores.tolist()) for name, scores in (("far", far), ("leader", leader), ("near", near))]
    found = against_best(made, rules())
    plain = [corrected_ttest(one.tolist(), leader.tolist(), [80] * 10, [40] * 10).p_value for one in (near, far)]
    assert found.keys() == {"near", "far"}
    assert found["near"] == pytest.approx(plain[0])  # the larger of two by Holm
    assert found["far"] == pytest.approx(2 * plain[1])
    assert found["far"] < 0.05 < found["near"]
    assert against_best(made[::-1], rules()) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "blocks", "n_repeats": 1, "n_splits": 10},
        {"strategy": "group", "n_repeats": 1, "n_splits": 10},
        {"n_repeats": 1},
        {"by": "heldout"},
    ],
)
def test_it_applies_to_ten_random_resamples_that_rank(contest, changes):
    rules, result = contest
    scores = np.random.default_rng(0).normal(0.8, 0.02, (2, 10)).tolist()
    assert against_best([result("a", scores[0]), result("b", scores[1])], rules(**changes)) is None


def test_who_has_no_score_or_no_variance_is_not_compared(contest):
    rules, result = contest
    scores = np.random.default_rng(0).normal(0.8, 0.02, (2, 10)).tolist()
    leader, lower, failed = result("leader", scores[0]), result("lower", [one - 0.1 for one in scores[0]]), "failed"
    missing = result(failed, [None, *scores[1][1:]])
    undefined = missing.model_copy(update={"score": 0.5})
    assert against_best([leader, missing], rules()) is None
    assert against_best([leader, lower, missing], rules()) == {}
    assert against_best([leader, undefined, result("b", scores[1])], rules()).keys() == {"b"}
    assert against_best([], rules()) is None
