"""Which solutions are significantly better or worse than each one: simultaneous comparisons by the maximum of many t.

For each solution k two questions are put to all others at once: who is better than k, who is worse? The others are
compared by ``t_jk = (score_j - score_k) / se_jk``, and the critical value is a quantile of the bootstrap distribution
of the maximum over j, so that the probability of one wrong answer to a question is bounded, whatever the number of
solutions and however alike they are.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from competition.ranking.resampling import Jackknife, Replicates
from competition.ranking.widening import widened

BLOCK_ROWS = 64  # 64 solutions × 2,000 resamples of float32 stay in the cache of a core
MANY_ROWS = 100  # for which a second thread is worth its start
MAX_STEPS = 3
MIN_EFFECTIVE = 5.0  # keeps the double logarithm positive
WORTHWHILE = 0.05
# Below this share of their variances, that of a difference drowns in the rounding of covariances, or of float32.
ALIKE = 1e-9
ROUNDING = 1e-9

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Differences:
    """Studentised differences of all pairs of U distinct solutions.

    Parameters
    ----------
    t : ndarray of shape (U, U)
        ``t[k, j] = (score_j - score_k) / se_jk``, greater is better; 0 for equal scores, infinite where the scores
        differ by the same amount in every resample.
    inverse_se : ndarray of float32 or float64 of shape (U, U)
        Of the differences between replicates; 0 where the standard error is 0.
    centred : ndarray of float32 or float64 of shape (U, B)
        Replicates less their score, greater is better.
    n_clusters : float
        Effective number of clusters that the resamples were drawn from.
    """

    t: Floats
    inverse_se: NDArray[np.floating]
    centred: NDArray[np.floating]
    n_clusters: float


def differences(replicates: Replicates, places: NDArray[np.intp] | None = None) -> Differences:
    """Compare all pairs.

    The standard error of a difference is that of its replicates or that of the jackknife over clusters, whichever is
    larger: where a score bends, as a root or an average precision does, the bootstrap may be too small, and the
    jackknife is too large rather than too small (Efron and Stein 1981, "The jackknife estimate of variance").

    Parameters
    ----------
    replicates : Replicates
        Finite.
    places : ndarray of shape (U,), optional
        The solutions to compare, all if not given.
    """
    places = np.arange(len(replicates.scores)) if places is None else places
    sign = 1.0 if replicates.greater_is_better else -1.0
    scores, shifts = sign * replicates.scores[places], replicates.shifts[places]
    by_solution = sign * np.ascontiguousarray(replicates.replicates[:, places].T)
    squared, alike = _squared_errors(scores, by_solution)
    bootstrap = np.maximum(np.sqrt(squared), np.abs(shifts[:, None] - shifts))
    larger = bootstrap
    if replicates.jackknife is not None:
        larger = np.where(bootstrap > 0, np.fmax(bootstrap, _jackknife_errors(replicates.jackknife, places)), 0.0)
    difference = scores - scores[:, None]
    difference[np.abs(difference) <= ROUNDING * np.maximum(np.abs(scores[:, None]), np.abs(scores))] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0, 0.0, difference / larger)
        inverse = np.where(bootstrap > 0, 1 / bootstrap, 0.0)
    centred: NDArray[np.floating] = by_solution - scores[:, None]
    if not alike:
        inverse, centred = inverse.astype(np.float32), centred.astype(np.float32)
    return Differences(t, inverse, centred, replicates.effective_clusters)


def _squared_errors(scores: Floats, replicates: Floats) -> tuple[Floats, bool]:
    """Variances of the differences between replicates, and whether some solutions are nearly alike."""
    centred = replicates - replicates.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T / (replicates.shape[1] - 1)
    variance = np.diagonal(covariance)
    of_pair = variance[:, None] + variance
    squared = np.maximum(of_pair - 2 * covariance, 0.0)
    alike = squared <= ALIKE * of_pair
    for k in np.flatnonzero(alike.sum(axis=1) > 1):
        others = np.flatnonzero(alike[k])
        squared[k, others] = (replicates[others] - replicates[k]).var(axis=1, ddof=1)
    # A constant difference leaves the rounding of its terms.
    squared[squared <= (ROUNDING**2) * np.maximum(of_pair, np.maximum(scores[:, None] ** 2, scores**2))] = 0.0
    return squared, bool(alike.sum() > len(scores))


def _jackknife_errors(jackknife: Jackknife, places: NDArray[np.intp]) -> Floats:
    """Standard errors of the differences, shape (U, U); NaN where a score is."""
    left_out = jackknife.left_out[places]
    n = left_out.shape[1]
    centred = left_out - left_out.mean(axis=1, keepdims=True)
    products = centred @ centred.T
    squared = np.diagonal(products)
    of_pairs = np.maximum(squared[:, None] + squared - 2 * products, 0.0)
    # A spread of the bootstrap is too small by (n - 1) / n, which `widened` makes good; so be this one.
    variances = of_pairs * ((n - 1) / n) ** 2
    seeds = jackknife.seed_errors[places] ** 2
    return np.asarray(np.sqrt(variances + seeds[:, None] + seeds))


def separated(pairs: Differences, alpha: float) -> tuple[Mask, Mask]:
    """Find the solutions that are significantly better, and those that are significantly worse, than each.

    Each question is put at level ``alpha / 2``. Solutions that are clearly behind do not raise the critical value of
    "who is better": those with ``t_jk <= -sqrt(2 log log n)`` leave the maximum (Hansen 2005, "A test for superior
    predictive ability"). Neither do those that were found to be better (step-down: Romano and Wolf 2005, "Stepwise
    multiple testing as formalized data snooping"), the first of them by Bonferroni's bound.

    Returns
    -------
    better, worse : ndarray of bool of shape (U, U)
        ``better[k, j]``: j is significantly better than k.
    """
    n_solutions = len(pairs.t)
    behind = np.sqrt(2 * np.log(np.log(max(pairs.n_clusters, MIN_EFFECTIVE))))
    single = -NormalDist().inv_cdf(alpha / 2)
    bonferroni = -NormalDist().inv_cdf(alpha / 2 / max(1, n_solutions - 1))
    critical = widened(np.full((n_solutions, 1), bonferroni), pairs.n_clusters)
    better, worse = pairs.t > critical, pairs.t < -critical
    open_rows = np.arange(n_solutions)
    for _ in range(MAX_STEPS):
        maxima = _maxima(pairs, open_rows, (pairs.t > -behind) & ~better, (pairs.t < behind) & ~worse)
        # Noise that is lumpy, or that the statistics do not show, is not taken to be less than normal.
        quantiles = np.maximum(_upper_quantile(maxima, 1 - alpha / 2), single)
        limits = widened(quantiles, pairs.n_clusters)
        of_open = pairs.t[open_rows]
        newly_better = (of_open > limits[0][:, None]) & ~better[open_rows]
        newly_worse = (of_open < -limits[1][:, None]) & ~worse[open_rows]
        better[open_rows] |= newly_better
        worse[open_rows] |= newly_worse
        # A further step is worth its time where the maximum is taken over markedly fewer.
        n_decided = np.maximum(newly_better.sum(axis=1), newly_worse.sum(axis=1))
        open_rows = open_rows[n_decided >= WORTHWHILE * n_solutions]
        if not len(open_rows):
            break
    return better, worse


def _upper_quantile(values: NDArray[np.floating], share: float) -> Floats:
    """Smallest value that at least `share` of (B + 1) do not exceed, along the last axis."""
    n = values.shape[-1]
    place = min(n, int(np.ceil(share * (n + 1) - 1e-9))) - 1
    return np.partition(values, place, axis=-1)[..., place].astype(np.float64)


def _maxima(pairs: Differences, rows: NDArray[np.intp], upper: Mask, lower: Mask) -> NDArray[np.floating]:
    """Maxima of the studentised noise over the chosen others, of "better" and of "worse", shape (2, rows, B)."""
    made = np.empty((2, len(rows), pairs.centred.shape[1]), dtype=pairs.centred.dtype)
    work = partial(_fill_maxima, made, pairs, rows, upper, lower)
    n_threads = _n_cores() if len(rows) >= MANY_ROWS else 1
    if n_threads == 1:
        work(range(len(rows)))
        return made
    with ThreadPoolExecutor(n_threads) as pool:  # numpy lets go of the interpreter in passes of this length
        list(pool.map(work, (range(start, len(rows), n_threads) for start in range(n_threads))))
    return made


def _n_cores() -> int:
    """Cores that this process may use, where the system tells (Linux)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fill_maxima(
    made: NDArray[np.floating], pairs: Differences, rows: NDArray[np.intp], upper: Mask, lower: Mask, places: range
) -> None:
    block = np.empty((BLOCK_ROWS, made.shape[2]), dtype=made.dtype)
    for place in places:
        k = rows[place]
        largest = np.zeros(made.shape[2], dtype=made.dtype)
        smallest = np.zeros(made.shape[2], dtype=made.dtype)
        others = np.flatnonzero(upper[k] | lower[k])
        for start in range(0, len(others), BLOCK_ROWS):
            chosen = others[start : start + BLOCK_ROWS]
            noise = block[: len(chosen)]
            consecutive = chosen[-1] - chosen[0] + 1 == len(chosen)
            of_others = pairs.centred[chosen[0] : chosen[-1] + 1] if consecutive else pairs.centred[chosen]
            np.subtract(of_others, pairs.centred[k], out=noise)
            np.multiply(noise, pairs.inverse_se[k, chosen, None], out=noise)
            np.maximum(largest, _reduced(np.maximum, noise, upper[k, chosen]), out=largest)
            np.minimum(smallest, _reduced(np.minimum, noise, lower[k, chosen]), out=smallest)
        made[0, place] = largest
        made[1, place] = -smallest


def _reduced(extreme: np.ufunc, noise: NDArray[np.floating], chosen: Mask) -> NDArray[np.floating]:
    some = noise if chosen.all() else noise[chosen]
    return np.asarray(extreme.reduce(some, axis=0, initial=0.0))
