"""Steps that written numbers are multiples of, found by the label: Kendall's cosine quantogram, signed.

D. G. Kendall ("Hunting quanta", Philosophical Transactions of the Royal Society A 276, 1974) looks for a quantum q with
the sum of ``cos(2 pi x / q)`` over all values x. Here each value carries what its label has beyond the labels of its
neighbours in size, and the modulus of ``sum(w exp(2 pi i x / q))`` takes the place of the cosine, so that a lattice may
start anywhere. Without a leak these weights have no part in how a number is written, and the modulus squared over the
sum of squared weights is exponential with mean 1 at each frequency, as in Lomb and Scargle's periodogram; its maximum
over all frequencies gives an exact-looking test (Scargle 1982) for steps, last digits and parity at once.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.audit.table import Floats

MIN_DISTINCT = 40
MANY_DISTINCT = 80  # below, only the shortest periods are told from size
NEIGHBOURS = 8  # distinct values on each side, whose labels say what to expect of a value of that size
MAX_WEIGHT = 6  # rows of one value that count; else two or three frequent values would be a lattice
MAX_UNITS = 1 << 18
MAX_DECIMALS = 9
REFINED = 4  # steps of zooming in on a frequency
ZOOMS = 9
MAX_CLASSES = 6
MIN_OF_CLASS = 30  # distinct values
MAX_SCANNED = 1_500
N_CANDIDATES = 4
MAX_HARMONIC = 4  # a peak may be that of a part of the step
FITS = 0.9


@dataclass(frozen=True)
class Peak:
    """The strongest frequency of a signed quantogram.

    Parameters
    ----------
    step : float
        In units of the values, as near as the grid of frequencies comes.
    power : float
        Exponential with mean 1 where there is no leak.
    p_value : float
        Of the highest peak among all frequencies.
    unit : float
        What the values are multiples of, as written.
    """

    step: float
    power: float
    p_value: float
    unit: float


def unit_of(values: Floats, decimals: NDArray[np.int64], max_units: int = MAX_UNITS) -> float:
    """The place of the last digit: ``10**-d`` for the decimals that nearly all values stay within."""
    places = int(np.quantile(decimals, 0.999, method="higher")) if len(decimals) else 0
    span = float(np.ptp(values)) if len(values) else 0.0
    return max(10.0 ** -min(places, MAX_DECIMALS), span / max_units)


def signed_peak(values: Floats, target: Floats, unit: float) -> Peak | None:
    """Find the step by which a target is written into values; None where there are too few distinct values to tell.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite.
    target : ndarray of shape (n,)
        0/1, or numbers.
    unit : float
        As `unit_of` gives it.
    """
    distinct, weights = excess(values, target)
    if len(distinct) < MIN_DISTINCT:
        return None
    places = np.rint((distinct - distinct[0]) / unit).astype(np.int64)
    size = _size(places)
    signal = np.bincount(places % size, weights, size)
    noise = float(np.sum(weights**2))
    if noise <= 0:
        return None
    power = np.abs(np.fft.rfft(signal)) ** 2 / noise
    power[: _lowest(places, size)] = 0.0
    best = int(power.argmax())
    if power[best] <= 0:
        return None
    p_value = float(-np.expm1(len(power) * np.log1p(-np.exp(-power[best]))))
    return Peak(unit * size / best, float(power[best]), p_value, unit)


def excess(values: Floats, target: Floats) -> tuple[Floats, Floats]:
    """What the label of each distinct value has beyond its neighbours in size, and in how many rows, up to a few.

    Returns
    -------
    distinct, weights : ndarray of shape (n_distinct,)
    """
    codes, found = pd.factorize(values, sort=True)
    distinct = np.asarray(found, dtype=np.float64)
    counts = np.bincount(codes)
    means = np.bincount(codes, target) / counts
    heavy = np.minimum(counts, MAX_WEIGHT).astype(np.float64)
    weights = heavy * (means - _local_line(np.arange(len(distinct), dtype=np.float64), means, heavy))
    return distinct, weights


def _local_line(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Value at each place of the weighted line through its neighbours, itself left out."""
    width = 2 * NEIGHBOURS + 1
    padded = [np.pad(one, NEIGHBOURS) for one in (weight, x * weight, x * x * weight, y * weight, x * y * weight)]
    s, sx, sxx, sy, sxy = (np.convolve(one, np.ones(width), "valid") for one in padded)
    s, sx, sxx = s - weight, sx - x * weight, sxx - x * x * weight
    sy, sxy = sy - y * weight, sxy - x * y * weight
    mean = np.divide(sy, s, out=np.zeros_like(s), where=s > 0)
    centre = np.divide(sx, s, out=np.zeros_like(s), where=s > 0)
    spread = sxx - centre * sx
    slope = np.divide(sxy - centre * sy, spread, out=np.zeros_like(s), where=spread > 1e-9)
    return np.asarray(mean + slope * (x - centre))


def _refined(frequency: float, width: float, places: NDArray[np.int64], weights: Floats) -> float:
    for _ in range(REFINED):
        near = frequency + width * np.linspace(-1, 1, 9)
        power = np.abs(np.exp(2j * np.pi * np.outer(near, places)) @ weights)
        frequency, width = float(near[power.argmax()]), width / 4
    return frequency


# --- the step of each class ---


@dataclass(frozen=True)
class Lattice:
    """Multiples of a step, from some start.

    Parameters
    ----------
    step, start : float
        In units of the values.
    unit : float
        What the values are rounded to.
    """

    step: float
    start: float
    unit: float

    def distance(self, values: Floats) -> Floats:
        """How far each value is from the nearest point of the lattice, in units of the last digit."""
        offset = (values - self.start) / self.step
        return np.asarray(np.abs(offset - np.rint(offset)) * self.step / self.unit)


def class_lattices(values: Floats, target: Floats, members: NDArray[np.intp], unit: float) -> list[Lattice]:
    """Find for each class the step that its values are multiples of, among those by which the label is written.

    Parameters
    ----------
    values, target : ndarray of shape (n,)
        As `signed_peak` takes them.
    members : ndarray of int of shape (n,)
        The class of each value; the first `MAX_CLASSES` count.
    """
    distinct, weights = excess(values, target)
    if len(distinct) < MIN_OF_CLASS:
        return []
    signed = _peaks(distinct, weights, unit)
    found = []
    for code in range(min(MAX_CLASSES, int(members.max()) + 1)):
        own = np.unique(values[members == code])
        if len(own) < MIN_OF_CLASS:
            continue
        steps = [*signed, *_peaks(own, np.ones(len(own)), unit)]
        own = own[:: 1 + len(own) // MAX_SCANNED]
        peaks = [_zoomed(own, times * step) for step in steps for times in range(1, MAX_HARMONIC + 1)]
        best = max((power for _, power in peaks), default=0.0)
        # Half of a step fits as well as the step: the longest that fits is meant.
        step = max((step for step, power in peaks if power >= FITS * best), default=unit)
        start = float(np.angle(np.exp(2j * np.pi * own / step).mean())) / (2 * np.pi) * step
        found.append(Lattice(step, start, unit))
    return found


def _peaks(distinct: Floats, weights: Floats, unit: float) -> list[float]:
    """Steps at the highest peaks of a quantogram."""
    places = np.rint((distinct - distinct[0]) / unit).astype(np.int64)
    size = _size(places)
    power = np.abs(np.fft.rfft(np.bincount(places % size, weights, size)))
    power[: _lowest(places, size)] = 0.0
    steps = []
    for _ in range(N_CANDIDATES):
        at = int(power.argmax())
        if power[at] <= 0:
            break
        steps.append(unit / _refined(at / size, 1 / size, places, weights))
        power[max(0, at - 8) : at + 9] = 0.0
    return steps


def _zoomed(values: Floats, step: float) -> tuple[float, float]:
    """The step next to a given one with the highest unsigned power, and that power (1: all values lie on it)."""
    span = max(float(values[-1] - values[0]), step)
    frequency, width = 1 / step, 0.25 / span
    power = np.zeros(1)
    for _ in range(ZOOMS):
        near = frequency + width * np.linspace(-1, 1, 9)
        power = np.abs(np.exp(2j * np.pi * np.outer(near, values)).mean(axis=1))
        frequency, width = float(near[power.argmax()]), width / 3
    return 1 / frequency, float(power.max())


def _size(places: NDArray[np.int64]) -> int:
    """Four times as many frequencies as the span needs, so that a peak is not missed between two of them."""
    return 1 << min(20, int(np.ceil(np.log2(4 * (int(places[-1]) + 1)))))


def _lowest(places: NDArray[np.int64], size: int) -> int:
    """The first frequency that is looked at: longer periods are a matter of size, which is no leak."""
    longest = 3.0
    if len(places) >= MANY_DISTINCT:
        longest = max(longest, float(np.median(np.diff(places))) * 2 * NEIGHBOURS)
    return int(np.ceil(size / longest))
