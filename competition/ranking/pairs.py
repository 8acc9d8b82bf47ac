"""Every solution against every other one. Exploratory: who looks at all pairs will find some that differ by chance.

The order of a board and its ranges of ranks come from `competition.ranking.inference` alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from competition.ranking.inference import reason_against
from competition.ranking.maxt import Differences, differences
from competition.ranking.resampling import Replicates
from competition.ranking.widening import tail_probability

Floats = NDArray[np.float64]
COUNTED = 10  # below so many replicates beyond, their share says little


@dataclass(frozen=True)
class Pairs:
    """All pairs of K solutions.

    Parameters
    ----------
    differences : ndarray of shape (K, K)
        ``[k, j]``: score of j less that of k, in the unit of the metric.
    p_values : ndarray of shape (K, K)
        Two-sided, of each pair by itself; 1 on the diagonal.
    adjusted : ndarray of shape (K, K)
        By Holm over all pairs.
    """

    differences: Floats
    p_values: Floats
    adjusted: Floats


def compare_pairs(replicates: Replicates) -> Pairs | None:
    """Test every pair for a difference.

    A p-value refers the studentised difference to Student's t with one degree of freedom less than there are effective
    clusters. Where at least ten replicates lie beyond it, their share is taken if it is larger: it knows of the lumpy
    differences of solutions that disagree on a handful of rows. A share alone cannot be less than 1 in the number of
    resamples, which an adjustment for many pairs would never call significant.

    Returns
    -------
    Pairs or None
        None where `competition.ranking.inference.infer` gives no ranges either.
    """
    if reason_against(replicates):
        return None
    of_pairs = differences(replicates)
    p_values = 2 * tail_probability(np.abs(of_pairs.t), of_pairs.n_clusters)
    counted = _counted(of_pairs)
    n_resamples = len(replicates.replicates)
    p_values = np.where(counted >= COUNTED, np.maximum(p_values, (1 + counted) / (1 + n_resamples)), p_values)
    p_values = np.minimum(p_values, 1.0)
    return Pairs(
        differences=replicates.scores - replicates.scores[:, None],
        p_values=p_values,
        adjusted=_adjusted(p_values),
    )


def holm(p_values: Floats) -> Floats:
    """Adjust p-values for their number (Holm 1979, "A simple sequentially rejective multiple test procedure").

    Parameters
    ----------
    p_values : ndarray of shape (m,)

    Returns
    -------
    ndarray of shape (m,)
        Significant at a level if not above it; 1 at most.
    """
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def symmetric(values: Floats, n: int, diagonal: float) -> Floats:
    """Lay the values of the pairs (0, 1), (0, 2), ..., (n - 2, n - 1) out as a matrix of shape (n, n)."""
    matrix = np.full((n, n), diagonal)
    above = np.triu_indices(n, 1)
    matrix[above] = values
    matrix.T[above] = values
    return matrix


def _adjusted(p_values: Floats) -> Floats:
    n = len(p_values)
    return symmetric(holm(p_values[np.triu_indices(n, 1)]), n, 1.0)


def _counted(pairs: Differences) -> NDArray[np.int64]:
    """Number of replicates whose studentised noise is as large as the difference, for each pair."""
    counted = np.zeros(pairs.t.shape, dtype=np.int64)
    for k in range(len(pairs.t) - 1):
        noise = np.abs(pairs.centred[k + 1 :] - pairs.centred[k]) * pairs.inverse_se[k, k + 1 :, None]
        counted[k, k + 1 :] = (noise >= np.abs(pairs.t[k, k + 1 :, None])).sum(axis=1)
    return counted + counted.T
