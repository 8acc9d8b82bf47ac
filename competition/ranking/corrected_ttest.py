"""The corrected resampled t-test of two solutions that were scored on the same random splits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_RESAMPLES = 10


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


def _two_sided(t: float, degrees: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))
