"""Several competitions together: mean ranks, win rates, and what a critical-difference diagram shows.

Competitions are the independent observations here, as data sets are in Demšar 2006, "Statistical comparisons of
classifiers over multiple data sets": how sure each single score is plays no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from competition.ranking.pairs import holm, symmetric

LEVEL = 0.95
MIN_SOLUTIONS = 3
MIN_COMPETITIONS = 6  # the signed ranks of fewer never tell two solutions apart at the 5 % level

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Overall:
    """How K solutions do over N competitions.

    Parameters
    ----------
    ranks : ndarray of shape (N, K)
        1 is best; equal scores share the mean of their ranks, missing ones that of the last ranks.
    mean_ranks : ndarray of shape (K,)
    win_rates : ndarray of shape (K,)
        Share of all comparisons with another solution in a competition that a solution wins; a tie is half a win.
    """

    ranks: Floats
    mean_ranks: Floats
    win_rates: Floats


@dataclass(frozen=True)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Parameters
    ----------
    friedman_p : float
        P-value of "all solutions are alike" (Friedman 1937, with Iman and Davenport's F, as Demšar advises).
    nemenyi_distance : float
        Mean ranks that differ by more are told apart at the 5 % level (Nemenyi 1963).
    p_values : ndarray of shape (K, K)
        Wilcoxon's signed-rank test of each pair, adjusted by Holm (Benavoli, Corani and Mangili 2016, who advise
        against Nemenyi's test, since its answer for a pair depends on the other solutions); 1 on the diagonal.
    groups : tuple of tuple of int
        The bars of the diagram: largest sets of solutions, next to each other by mean rank, of which no pair is told
        apart by `p_values`; best first. None of a single solution.
    """

    friedman_p: float
    nemenyi_distance: float
    p_values: Floats
    groups: tuple[tuple[int, ...], ...]


def overall(scores: Floats, greater_is_better: Sequence[bool]) -> Overall:
    """Rank solutions in each competition and average.

    Parameters
    ----------
    scores : ndarray of shape (N, K)
        NaN for a solution that failed or did not take part: it ranks last there.
    greater_is_better : sequence of bool, of length N
        Direction of each competition's metric.

    Raises
    ------
    ValueError
        If there is no competition, or the lengths differ.
    """
    if scores.ndim != 2 or not scores.size or len(scores) != len(greater_is_better):
        raise ValueError("expected scores of shape (competitions, solutions) and one direction for each competition")
    signs = np.where(greater_is_better, 1.0, -1.0)[:, None]
    worth = np.where(np.isnan(scores), -np.inf, scores * signs)
    beaten_by = (worth[:, None, :] > worth[:, :, None]).sum(axis=2)
    equal = (worth[:, None, :] == worth[:, :, None]).sum(axis=2)  # itself included
    n_others = scores.shape[1] - 1
    ranks = 1 + beaten_by + (equal - 1) / 2
    mean_ranks = ranks.mean(axis=0)
    win_rates = 1 - (mean_ranks - 1) / n_others if n_others else np.ones(1)
    return Overall(ranks, mean_ranks, win_rates)


def critical_difference(ranks: Floats, level: float = LEVEL) -> CriticalDifference | None:
    """Test which solutions are told apart over competitions.

    Parameters
    ----------
    ranks : ndarray of shape (N, K)
        As `overall` gives them; scores of different metrics have no differences that can be compared, so Wilcoxon's
        test looks at those of ranks.
    level : float
        Confidence of the bars and of the distance.

    Returns
    -------
    CriticalDifference or None
        None with fewer than `MIN_COMPETITIONS` competitions or `MIN_SOLUTIONS` solutions.
    """
    n_competitions, n_solutions = ranks.shape
    if n_competitions < MIN_COMPETITIONS or n_solutions < MIN_SOLUTIONS:
        return None
    above = np.triu_indices(n_solutions, 1)
    p_values = holm(np.array([_wilcoxon(ranks[:, i] - ranks[:, j]) for i, j in zip(*above, strict=True)]))
    matrix = symmetric(p_values, n_solutions, 1.0)
    return CriticalDifference(
        friedman_p=_friedman(ranks),
        nemenyi_distance=_nemenyi(n_competitions, n_solutions, level),
        p_values=matrix,
        groups=groups(ranks.mean(axis=0), matrix > 1 - level),
    )


def groups(mean_ranks: Floats, alike: Mask) -> tuple[tuple[int, ...], ...]:
    """Find the bars of a diagram.

    Parameters
    ----------
    mean_ranks : ndarray of shape (K,)
    alike : ndarray of bool of shape (K, K)
        Pairs that are not told apart.

    Returns
    -------
    tuple of tuple of int
        As in `CriticalDifference`.
    """
    order = np.argsort(mean_ranks, kind="stable")
    found: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and alike[np.ix_(order[start : end + 1], order[start : end + 1])].all():
            end += 1
        if end - start > 1 and end > reached:
            found.append(tuple(int(place) for place in order[start:end]))
        reached = max(reached, end)
    return tuple(found)


def _friedman(ranks: Floats) -> float:
    from scipy.special import fdtrc

    n, k = ranks.shape
    between = n * np.square(ranks.mean(axis=0) - (k + 1) / 2).sum()
    within = np.square(ranks - (k + 1) / 2).sum() / (n * (k - 1))  # k (k + 1) / 12 without ties
    if within == 0:
        return 1.0  # every competition is one great tie
    chi_squared = between / within
    rest = n * (k - 1) - chi_squared
    if rest <= 0:
        return 0.0  # the same order everywhere
    return float(fdtrc(k - 1, (k - 1) * (n - 1), (n - 1) * chi_squared / rest))


def _nemenyi(n_competitions: int, n_solutions: int, level: float) -> float:
    from scipy.stats import studentized_range

    q = studentized_range.ppf(level, n_solutions, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_solutions * (n_solutions + 1) / (6 * n_competitions)))


def _wilcoxon(differences: Floats) -> float:
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue) if differences.any() else 1.0
