"""What a split can tell apart: the smallest difference of two scores that ranking would find, by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from competition.metrics import Scorer
from competition.ranking.inference import LEVEL, MIN_CLUSTERS
from competition.ranking.maxt import differences, separated
from competition.ranking.resampling import Contestant, Replicates, resample
from competition.ranking.rivals import Floats, simulate

POWER = 0.8
N_SOLUTIONS = 10
N_DRAWS = 80
N_RESAMPLES = 500
LEAST = 1e-4
N_BISECTIONS = 7  # from LEAST to 1 on a logarithmic scale: the answer is within 4 %


@dataclass(frozen=True)
class SmallestDifference:
    """What can be told apart from a reference, the best of the baselines.

    Parameters
    ----------
    score : float
        Of the reference.
    difference : float or None
        By how much a rival must be better, in the unit of the metric, to be found so with a probability of `POWER`;
        None where not even a rival without errors is.
    n_clusters : int
        Number of clusters of rows.
    reason : str
        Why there is no difference; empty where there is.
    """

    score: float
    difference: float | None
    n_clusters: int
    reason: str = ""


@dataclass(frozen=True)
class Power:
    """The answer for all held-out rows and for each half."""

    whole: SmallestDifference
    public: SmallestDifference
    private: SmallestDifference


def power_of_split(
    whole: Sequence[Contestant],
    public: Sequence[Contestant],
    private: Sequence[Contestant],
    scorer: Scorer,
    correlation: float,
    seed: int,
) -> Power:
    """Find what each part of the held-out rows can tell apart.

    Parameters
    ----------
    whole, public, private : sequence of Contestant
        The baselines, scored on those rows.
    scorer, correlation, seed
        As `smallest_difference` takes them.
    """
    return Power(*(smallest_difference(part, scorer, correlation, seed) for part in (whole, public, private)))


def smallest_difference(
    baselines: Sequence[Contestant], scorer: Scorer, correlation: float, seed: int, n_solutions: int = N_SOLUTIONS
) -> SmallestDifference:
    """Simulate contests until a rival of growing skill is told apart in `POWER` of them.

    A contest has the clusters of the best baseline, drawn with replacement; that baseline; solutions of the same skill
    whose errors are correlated with its own (`competition.ranking.rivals`); and one rival that is better. Found is the
    rival if ranking calls it significantly better than the baseline (`competition.ranking.maxt`, at the 95 % level,
    which is simultaneous over all solutions). All sizes of the difference see the same draws, and a bisection finds
    the smallest one.

    Parameters
    ----------
    baselines : sequence of Contestant
        At least one.
    scorer : Scorer
        The primary metric.
    correlation : float
        Of the errors of two solutions by row, from 0 to 1: the less they are alike, the larger the noise in their
        difference. `competition.ranking.blend.error_correlation` measures it.
    seed : int
        Of the simulation.
    n_solutions : int
        Solutions in a contest, at least 2.

    Returns
    -------
    SmallestDifference
    """
    sign = 1.0 if scorer.metric.greater_is_better else -1.0
    reference = max(baselines, key=lambda one: sign * one.score)
    n_clusters = reference.statistics.shape[1]
    found = SmallestDifference(reference.score, None, n_clusters)
    if n_clusters < MIN_CLUSTERS:
        return replace(found, reason=f"{n_clusters} clusters of rows are too few to rank by; it takes {MIN_CLUSTERS}")
    # One repeat has every row once; another one would only add the noise of other fits.
    units = reference.statistics[:1] if scorer.metric.pooled else reference.statistics
    drawn = (_contest(units, scorer, correlation, n_solutions, [seed, draw]) for draw in range(N_DRAWS))
    contests = [one for one in drawn if one is not None]
    if not contests:
        return replace(found, reason="the score is undefined in resamples of the clusters")
    if _trial(contests, scorer, correlation, 1.0)[0] < POWER:
        return replace(found, reason="not even a rival without errors would be told apart")
    low, high = np.log(LEAST), 0.0
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2
        if _trial(contests, scorer, correlation, np.exp(middle))[0] < POWER:
            low = middle
        else:
            high = middle
    return replace(found, difference=_trial(contests, scorer, correlation, np.exp(high))[1])


@dataclass(frozen=True)
class _Contest:
    """A drawn data set with the solutions that do not change from one size of the difference to the next."""

    units: Floats
    key: list[int]
    equals: Replicates


def _contest(units: Floats, scorer: Scorer, correlation: float, n_solutions: int, key: list[int]) -> _Contest | None:
    generator = np.random.default_rng(key)
    n_clusters = units.shape[1]
    drawn = units[:, generator.integers(n_clusters, size=n_clusters)]
    rivals = [_rival(drawn, scorer, 0.0, correlation, generator) for _ in range(n_solutions - 2)]
    equals = _replicates([drawn, *rivals], scorer, key)
    return None if equals is None else _Contest(drawn, key, equals)


def _rival(
    units: Floats, scorer: Scorer, better_by: float, correlation: float, generator: np.random.Generator
) -> Floats:
    return np.stack([simulate(unit, scorer, better_by, correlation, generator) for unit in units])


def _replicates(solutions: Sequence[Floats], scorer: Scorer, key: list[int]) -> Replicates | None:
    """Resample solutions of which there is no more than the statistics; None where a score is undefined."""
    contestants = []
    for units in solutions:
        points = [scorer.from_statistics(unit.sum(axis=0)) for unit in units]
        defined = [point for point in points if point is not None]
        if not defined:
            return None
        contestants.append(Contestant(units, float(np.mean(defined))))
    made = resample(contestants, scorer, key[-1], N_RESAMPLES)
    return made if np.isfinite(made.replicates).all() else None


def _trial(contests: Sequence[_Contest], scorer: Scorer, correlation: float, better_by: float) -> tuple[float, float]:
    """Share of the contests in which the rival is found, and its mean lead over the reference."""
    n_found, leads = 0, []
    for contest in contests:
        generator = np.random.default_rng([*contest.key, 1])
        rival = _replicates([_rival(contest.units, scorer, better_by, correlation, generator)], scorer, contest.key)
        if rival is None:
            continue
        leads.append(abs(float(rival.scores[0] - contest.equals.scores[0])))
        n_found += _is_found(contest.equals, rival)
    return n_found / len(contests), float(np.mean(leads)) if leads else 0.0


def _is_found(equals: Replicates, rival: Replicates) -> bool:
    """Whether the rival is significantly better than the first of its equals."""
    sign = 1.0 if equals.greater_is_better else -1.0
    scores = sign * np.concatenate([equals.scores, rival.scores])
    by_solution = sign * np.concatenate([equals.replicates.T, rival.replicates.T])
    shifts = sign * np.concatenate([equals.shifts, rival.shifts])
    better, _ = separated(differences(scores, by_solution, shifts, equals.effective_clusters), 1 - LEVEL)
    return bool(better[0, -1])
