"""What a split can tell apart: the smallest difference of two scores that ranking would find, by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from competition.metrics import Scorer
from competition.ranking.inference import LEVEL, MIN_CLUSTERS
from competition.ranking.maxt import differences, separated
from competition.ranking.resampling import Contestant, Jackknife, Replicates, resample
from competition.ranking.rivals import Floats, simulate

POWER = 0.8
N_SOLUTIONS = 10
N_DRAWS = 80
N_RESAMPLES = 500
LEAST = 1e-4
N_BISECTIONS = 7  # from LEAST to 1 on a logarithmic scale: the answer is within 4 %


@dataclass(frozen=True)
class Simulation:
    """How contests are drawn.

    Parameters
    ----------
    scorer : Scorer
        The primary metric.
    correlation : float
        Of the errors of two solutions by row, from 0 to 1: the less they are alike, the larger the noise in their
        difference. `competition.ranking.complements.error_correlation` measures it.
    seed : int
        Of the draws.
    n_solutions : int
        Solutions in a contest, at least 2.
    n_clusters : int, optional
        Clusters of a contest; as many as the reference has if not given.
    """

    scorer: Scorer
    correlation: float
    seed: int
    n_solutions: int = N_SOLUTIONS
    n_clusters: int | None = None


@dataclass(frozen=True)
class SmallestDifference:
    """What can be told apart from a reference.

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


def smallest_difference(reference: Contestant, simulation: Simulation) -> SmallestDifference:
    """Simulate contests until a rival of growing skill is told apart in `POWER` of them.

    A contest has the clusters of the reference, drawn with replacement; the reference itself; solutions of the same
    skill whose errors are correlated with its own (`competition.ranking.rivals`); and one rival that is better. All
    depend on their seed as the reference does. Found is the rival if ranking calls it significantly better than the
    reference (`competition.ranking.maxt`, at the 95 % level, which is simultaneous over all solutions). All sizes of
    the difference see the same draws, and a bisection finds the smallest one.

    Parameters
    ----------
    reference : Contestant
        A solution of which the rows are known.
    simulation : Simulation
        How contests are drawn.

    Returns
    -------
    SmallestDifference
    """
    n_clusters = simulation.n_clusters or reference.statistics.shape[1]
    found = SmallestDifference(reference.score, None, n_clusters)
    if n_clusters < MIN_CLUSTERS:
        return replace(found, reason=f"{n_clusters} clusters of rows are too few to rank by; it takes {MIN_CLUSTERS}")
    drawn = (_contest(reference, simulation, draw) for draw in range(N_DRAWS))
    contests = [one for one in drawn if one is not None]
    if not contests:
        return replace(found, reason="the score is undefined in resamples of the clusters")
    if _trial(contests, simulation, 1.0)[0] < POWER:
        return replace(found, reason="not even a rival without errors would be told apart")
    low, high = np.log(LEAST), 0.0
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2
        if _trial(contests, simulation, np.exp(middle))[0] < POWER:
            low = middle
        else:
            high = middle
    return replace(found, difference=_trial(contests, simulation, np.exp(high))[1])


@dataclass(frozen=True)
class _Contest:
    """A drawn data set with the solutions that do not change from one size of the difference to the next."""

    reference: Contestant
    key: list[int]
    equals: Replicates


def _contest(reference: Contestant, simulation: Simulation, draw: int) -> _Contest | None:
    key = [simulation.seed, draw]
    generator = np.random.default_rng(key)
    n_known = reference.statistics.shape[1]
    chosen = generator.integers(n_known, size=simulation.n_clusters or n_known)
    # One repeat has every row once; another one would only add the noise of other fits.
    units = reference.statistics[:1] if simulation.scorer.metric.pooled else reference.statistics
    drawn = replace(reference, statistics=units[:, chosen])
    rivals = [_rival(drawn, simulation, 0.0, generator) for _ in range(simulation.n_solutions - 2)]
    equals = _replicates(drawn, [drawn.statistics, *rivals], simulation.scorer, [*key, 0])
    return None if equals is None else _Contest(drawn, key, equals)


def _rival(reference: Contestant, simulation: Simulation, better_by: float, generator: np.random.Generator) -> Floats:
    scorer, correlation = simulation.scorer, simulation.correlation
    return np.stack([simulate(unit, scorer, better_by, correlation, generator) for unit in reference.statistics])


def _replicates(
    reference: Contestant, solutions: Sequence[Floats], scorer: Scorer, key: list[int]
) -> Replicates | None:
    """Resample solutions that depend on their seed as the reference does; None where a score is undefined."""
    contestants = []
    for units in solutions:
        points = [scorer.from_statistics(unit.sum(axis=0)) for unit in units]
        defined = [point for point in points if point is not None]
        if not defined:
            return None
        contestants.append(Contestant(units, float(np.mean(defined)), reference.seed_deviation, reference.n_fits))
    made = resample(contestants, scorer, key[1], N_RESAMPLES)
    if not np.isfinite(made.replicates).all():
        return None
    # Other seeds would have moved a score with all that is drawn around it.
    luck = np.random.default_rng(key).normal(0.0, reference.seed_deviation / np.sqrt(reference.n_fits), len(solutions))
    return replace(made, scores=made.scores + luck, replicates=made.replicates + luck)


def _trial(contests: Sequence[_Contest], simulation: Simulation, better_by: float) -> tuple[float, float]:
    """Share of the contests in which the rival is found, and its mean lead over the reference."""
    n_found, leads = 0, []
    for contest in contests:
        units = _rival(contest.reference, simulation, better_by, np.random.default_rng([*contest.key, 1]))
        rival = _replicates(contest.reference, [units], simulation.scorer, [*contest.key, 2])
        if rival is None:
            continue
        leads.append(abs(float(rival.scores[0] - contest.equals.scores[0])))
        n_found += _is_found(contest.equals, rival)
    return n_found / len(contests), float(np.mean(leads)) if leads else 0.0


def _is_found(equals: Replicates, rival: Replicates) -> bool:
    """Whether the rival is significantly better than the first of its equals."""
    assert equals.jackknife is not None
    assert rival.jackknife is not None
    together = replace(
        equals,
        scores=np.concatenate([equals.scores, rival.scores]),
        replicates=np.hstack([equals.replicates, rival.replicates]),
        shifts=np.concatenate([equals.shifts, rival.shifts]),
        jackknife=Jackknife(
            np.vstack([equals.jackknife.left_out, rival.jackknife.left_out]),
            np.concatenate([equals.jackknife.seed_errors, rival.jackknife.seed_errors]),
        ),
        errors=None,
    )
    better, _ = separated(differences(together), 1 - LEVEL)
    return bool(better[0, -1])
