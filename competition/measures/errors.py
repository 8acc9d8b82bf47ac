"""Scores of values and of probabilities, from sums of their errors and losses."""

from collections.abc import Callable

import numpy as np

from competition.measures.sums import Array, Params, ratio


def mean_of(column: int) -> Callable[[Array, Params], Array]:
    """Return the metric that is the mean over rows of what a column sums."""

    def mean(statistics: Array, params: Params) -> Array:
        return ratio(statistics[..., column], statistics[..., 0], empty=np.nan)

    return mean


def root_mean_squared_error(statistics: Array, params: Params) -> Array:
    """Square root of the mean squared error, in units of the target."""
    return np.sqrt(ratio(statistics[..., 2], statistics[..., 0], empty=np.nan))


def nrmse(statistics: Array, params: Params) -> Array:
    """RMSE over the mean of the truth, as usual for traffic (Zhang and Patras 2018); undefined for a mean of 0."""
    mean = ratio(statistics[..., 3], statistics[..., 0], empty=np.nan)
    return ratio(root_mean_squared_error(statistics, params), np.abs(mean), empty=np.nan)


def r2(statistics: Array, params: Params) -> Array:
    """1 - squared errors / squared deviations of the truth; undefined for a constant truth."""
    n, truth, squared_truth = statistics[..., 0], statistics[..., 3], statistics[..., 4]
    deviation = squared_truth - ratio(truth**2, n)
    constant = deviation <= 1e-12 * np.maximum(squared_truth, 1e-300)
    return 1 - ratio(statistics[..., 2], np.where(constant, 0.0, deviation), empty=np.nan)
