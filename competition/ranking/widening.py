"""What few clusters cost: from quantiles of a bootstrap distribution to those of Student's t."""

from functools import cache
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST = 37.0  # standard deviations


def widened(quantiles: Floats, n_clusters: float) -> Floats:
    """Stretch upper quantiles of studentised bootstrap replicates.

    Resamples of n clusters are spread too little, by ``sqrt((n - 1) / n)``, and like a normal distribution where the
    estimated spread calls for Student's t. The probability beyond a quantile is kept and looked up in the t
    distribution with n - 1 degrees of freedom (Hesterberg 2015, "What teachers should know about the bootstrap",
    section 5.3, where it expands the percentile interval).

    Parameters
    ----------
    quantiles : ndarray
        Not negative, in standard errors of the bootstrap.
    n_clusters : float
        Effective number of clusters n, more than 1.

    Returns
    -------
    ndarray
        As large, or larger.
    """
    asked = np.asarray(quantiles, dtype=np.float64)
    # Probabilities beyond go down to where the normal distribution has none that a float can hold.
    beyond = np.array([erfc(min(quantile, MOST) / sqrt(2)) / 2 for quantile in asked.ravel()]).reshape(asked.shape)
    return np.asarray(_upper_quantile_of_t(beyond, n_clusters - 1) * np.sqrt(n_clusters / (n_clusters - 1)))


def _upper_quantile_of_t(beyond: Floats, degrees: float) -> Floats:
    logarithms, t = _table(degrees)
    return np.interp(-np.log(beyond), logarithms, t)


@cache
def _table(degrees: float) -> tuple[Floats, Floats]:
    """Student's t: values, and the negative logarithm of the probability beyond each.

    With ``t = sqrt(degrees) / tan(angle)`` the density is that of a power of the angle's sine, which is summed by
    trapezoids. A board is shown without scipy, whose import takes longer than the whole inference.
    """
    # Not by `np.unique`, which imports masked arrays: that takes longer than the table.
    angle = np.sort(np.concatenate([np.geomspace(1e-14, 1e-2, 4_000), np.linspace(0, np.pi / 2, 20_001)[1:]]))
    density = np.sin(angle) ** (degrees - 1)
    steps = np.diff(angle) * (density[1:] + density[:-1]) / 2
    # Below the first angle the sine is the angle itself.
    beyond = np.append(0.0, np.cumsum(steps)) + angle[0] ** degrees / degrees
    held = beyond > 0  # as far as a float goes
    return -np.log(beyond[held] / (2 * beyond[-1]))[::-1], (np.sqrt(degrees) / np.tan(angle[held]))[::-1]


def tail_probability(t: Floats, n_clusters: float) -> Floats:
    """Probability of Student's t with n - 1 degrees of freedom beyond differences in standard errors of the bootstrap.

    Parameters
    ----------
    t : ndarray
        Not negative; may be infinite.
    n_clusters : float
        Effective number of clusters n, more than 1.

    Returns
    -------
    ndarray
        One-sided, 0.5 for a difference of 0.
    """
    from scipy.special import stdtr

    return np.asarray(stdtr(n_clusters - 1, -t * np.sqrt((n_clusters - 1) / n_clusters)))


def widened_level(level: float, n_clusters: float) -> float:
    """Level of the percentile interval that covers with probability `level` (Hesterberg 2015, as above).

    Returns
    -------
    float
        For 95 % and 10 clusters 98.3 %.
    """
    usual = NormalDist().inv_cdf((1 + level) / 2)
    return 2 * NormalDist().cdf(float(widened(np.asarray(usual), n_clusters))) - 1
