"""When something is more than chance, and when it is strong enough to speak of.

Every check may raise a warning by chance with probability `ALPHA` at most; within a check the tests share it
(Bonferroni), so that a whole audit of clean data stays clean with probability of at least ``1 - ALPHA * checks``.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.table import Floats

ALPHA = 0.0005
# Skill (Gini coefficient, or R²) that something without meaning must reach alone.
WARNING_SKILL = 0.1
SEVERE_SKILL = 0.3
MIN_IN_BLOCK = 20


def corrected(p_value: float, n_tests: int) -> float:
    """Bonferroni."""
    return min(1.0, p_value * max(1, n_tests))


def magnitude_blocks(values: Floats) -> NDArray[np.intp]:
    """Put values of like size together: a value that is frequent enough alone, the others with their neighbours.

    Whatever depends on the size of a value is constant within a block, or nearly so; what varies there is how it is
    written. Equal values are never parted.
    """
    codes, distinct = pd.factorize(values, sort=True)
    counts = np.bincount(codes, minlength=len(distinct))
    of_distinct = np.empty(len(distinct), dtype=np.intp)
    block, filled = 0, 0
    for at, count in enumerate(counts):
        if count >= MIN_IN_BLOCK and filled:
            block, filled = block + 1, 0
        of_distinct[at] = block
        filled += count
        if filled >= MIN_IN_BLOCK:
            block, filled = block + 1, 0
    return of_distinct[codes]


def stratified_p(feature: Floats, target: Floats, block: NDArray[np.intp]) -> float:
    """Test whether a feature and a target go together within blocks.

    The Cochran-Mantel-Haenszel statistic in its general form (Mantel 1963): covariance within blocks over its
    permutation variance, asymptotically chi-square with one degree of freedom.
    """
    from scipy.stats import chi2

    size = np.bincount(block)
    of_block = np.maximum(size, 1)
    f = feature - (np.bincount(block, feature) / of_block)[block]
    t = target - (np.bincount(block, target) / of_block)[block]
    covariance = float(f @ t)
    usable = size > 1
    spread = np.bincount(block, f**2) * np.bincount(block, t**2)
    variance = float(np.sum(spread[usable] / (size[usable] - 1)))
    return float(chi2.sf(covariance**2 / variance, 1)) if variance > 1e-12 else 1.0


def contingency_p(codes: NDArray[np.intp], target: Floats) -> float:
    """Test whether the mean of a target differs between groups (Kruskal and Wallis' statistic; Pearson's for 0/1)."""
    from scipy.stats import chi2

    n = len(target)
    counts = np.bincount(codes)
    present = counts > 0
    variance = float(target.var())
    if present.sum() < 2 or variance == 0:
        return 1.0
    means = np.bincount(codes, target)[present] / counts[present]
    statistic = (n - 1) / n * float(np.sum(counts[present] * (means - target.mean()) ** 2)) / variance
    return float(chi2.sf(statistic, int(present.sum()) - 1))
