"""The corrected resampled t-test of two solutions that were scored on the same random splits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.definition import Competition
from competition.ranking.order import in_order
from competition.ranking.pairs import holm
from competition.results import Result

MIN_RESAMPLES = 10
RANDOM = ("stratified", "random")  # folds drawn by row; blocks of time and whole groups are no random resamples


@dataclass(frozen=True)
class CorrectedTTest:
    """A comparison of two solutions over random splits.

    Parameters
    ----------
    difference : float
        Mean of the first one's scores less the second one's.
    t : float
        0 where the scores are equal on every split.
    degrees_of_freedom : int
        Number of splits less one.
    p_value : float
        Two-sided.
    """

    difference: float
    t: float
    degrees_of_freedom: int
    p_value: float


def corrected_ttest(
    first: Sequence[float], second: Sequence[float], rows_train: Sequence[int], rows_predict: Sequence[int]
) -> CorrectedTTest | None:
    """Compare paired scores of random resamples.

    The scores of J splits are not independent, since their training rows overlap; the variance of their mean is not
    ``s² / J`` but about ``(1 / J + rows_predict / rows_train) s²`` (Nadeau and Bengio 2003, "Inference for the
    generalization error"; for repeated cross-validation Bouckaert and Frank 2004). It tells of other training sets of
    the same size, where the bootstrap over clusters tells of other rows to predict.

    Parameters
    ----------
    first, second : sequence of float, of length J
        Scores on the same splits: all folds of all repeats, drawn at random; blocks of time are not.
    rows_train, rows_predict : sequence of int, of length J
        Sizes of the splits.

    Returns
    -------
    CorrectedTTest or None
        None with fewer than `MIN_RESAMPLES` splits, and where the scores differ by the same amount on each, so that
        there is no variance to test against.

    Raises
    ------
    ValueError
        If the lengths differ, a score is not finite or a split has no rows.
    """
    if len({len(first), len(second), len(rows_train), len(rows_predict)}) != 1:
        raise ValueError("expected one score of each solution and two sizes for each split")
    if len(first) < MIN_RESAMPLES:
        return None
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not np.isfinite(differences).all():
        raise ValueError("expected finite scores; a solution with a failed trial has no score to compare")
    if min(rows_train) < 1 or min(rows_predict) < 1:
        raise ValueError("expected splits with rows")
    mean, variance = float(differences.mean()), float(differences.var(ddof=1))
    degrees = len(differences) - 1
    if np.ptp(differences) <= 1e-12 * np.abs(first).max():
        return CorrectedTTest(0.0, 0.0, degrees, 1.0) if not differences.any() else None
    ratio = float(np.mean(rows_predict)) / float(np.mean(rows_train))
    t = mean / np.sqrt((1 / len(differences) + ratio) * variance)
    return CorrectedTTest(mean, float(t), degrees, _two_sided(float(t), degrees))


def against_best(results: Sequence[Result], rules: Competition) -> dict[str, float] | None:
    """Compare every solution with the one that leads the board, by its scores on the folds.

    It stands beside the ranking and takes no part in it. The leader is the one that the ranking shows first, and was
    chosen by the same scores; the p-values are adjusted for the number of solutions (Holm 1979), not for that choice.

    Parameters
    ----------
    results : sequence of Result
        Of one competition, made on the same folds; those without a score are passed over.
    rules : Competition
        The competition.

    Returns
    -------
    dict or None
        Two-sided p-value by the name of the solution, adjusted by Holm. The leader is not in it, nor is a solution that
        cannot be tested: one with a fold on which the metric is undefined, or whose scores differ from the leader's by
        the same amount on each. None where the test does not apply: the board is not ranked by cross-validation, the
        folds are not drawn by row, there are fewer than `MIN_RESAMPLES` of them, or there is nobody to compare.
    """
    n_resamples = rules.cv.n_splits * rules.cv.n_repeats
    if rules.ranking.by != "cv" or rules.cv.strategy not in RANDOM or n_resamples < MIN_RESAMPLES:
        return None
    scored = [standing.result for standing in in_order(results, rules) if standing.rank is not None]
    if len(scored) < 2:
        return None
    leader, *others = (_by_fold(result, rules.metric.primary) for result in scored)
    tests = {
        result.solution.name: test
        for result, folds in zip(scored[1:], others, strict=True)
        if (test := _compared(folds, leader)) is not None
    }
    adjusted = holm(np.array([test.p_value for test in tests.values()]))
    return dict(zip(tests, adjusted.tolist(), strict=True))


_ByFold = dict[tuple[int, int], tuple[float | None, int, int]]  # score, rows to train on, rows to predict


def _by_fold(result: Result, metric: str) -> _ByFold:
    return {
        (trial.repeat, trial.fold): (trial.metrics.get(metric), trial.rows_train, trial.rows_predict)
        for trial in result.trials
        if trial.part == "cv"
    }


def _compared(one: _ByFold, leader: _ByFold) -> CorrectedTTest | None:
    if one.keys() != leader.keys():
        return None
    places = sorted(leader)
    first = [score for place in places if (score := one[place][0]) is not None]
    second = [score for place in places if (score := leader[place][0]) is not None]
    if not len(first) == len(second) == len(places):
        return None
    return corrected_ttest(first, second, [leader[at][1] for at in places], [leader[at][2] for at in places])


def _two_sided(t: float, degrees: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))
