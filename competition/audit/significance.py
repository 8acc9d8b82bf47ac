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
BINS = 24


def corrected(p_value: float, n_tests: int) -> float:
    """Bonferroni."""
    return min(1.0, p_value * max(1, n_tests))


def magnitude_blocks(values: Floats) -> NDArray[np.intp]:
    """Put values of like size together: a value that is frequent enough alone, the others with their neighbours.

    Whatever depends on the size of a value is constant within a block, or nearly so; what varies there is how it is
    written. Equal values are never parted.
    """
    codes, distinct = pd.factorize(values, sort=True)
    if len(distinct) == 0:
        return codes
    counts = np.bincount(codes, minlength=len(distinct))
    heavy = counts >= MIN_IN_BLOCK
    nth = (np.cumsum(counts) - counts) // MIN_IN_BLOCK
    starts = np.append(False, heavy[1:] | heavy[:-1] | (np.diff(nth) > 0))
    return np.cumsum(starts)[codes]


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


def explained(values: Floats, target: Floats) -> float:
    """Share of a target's variance between bins of values, missing ones in a bin of their own."""
    if np.isnan(values).all():
        return 0.0
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = np.where(np.isnan(values), BINS, np.searchsorted(edges, values, side="right")).astype(np.intp)
    counts = np.bincount(codes)
    means = np.bincount(codes, target) / np.maximum(counts, 1)
    return float(np.sum(counts * (means - target.mean()) ** 2) / max(target.var() * len(target), 1e-12))


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
