"""Which solutions owe their score to the committed draw of the data: their results on another draw beside it.

A solution that carries the labels of the committed draw, or was chosen on them, does worse on another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from competition.definition import Competition
from competition.ranking.inference import MIN_CLUSTERS
from competition.ranking.order import Interval, in_order
from competition.ranking.resampling import N_RESAMPLES
from competition.results import FailureType, Result

FALSE_ALARMS = 0.01  # of a board: to be accused wrongly is worse than to be missed once
MIN_SOLUTIONS = 3
NOBODYS_FAULT: frozenset[FailureType] = frozenset({"timeout", "infrastructure", "dependency"})

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fall:
    """A solution on the committed draw of the data and on a secret one.

    Parameters
    ----------
    committed_score, score : float or None
        The score that ranks, on either draw; None where it is missing.
    committed_rank, rank : int or None
        Place among the solutions that are on both.
    interval : Interval or None
        Where the score on the secret draw lies for a solution that does as well there; None where nothing can be said.
    fell : bool
        Whether the score is worse than that.
    """

    name: str
    committed_score: float | None
    committed_rank: int | None
    score: float | None
    rank: int | None
    interval: Interval | None
    fell: bool


def fell(committed: Sequence[Result], anew: Sequence[Result], definition: Competition) -> list[Fall]:
    """Tell which solutions owe their score to the committed draw of the data.

    All scores shift together when a draw is easier or harder; the common shift is the median over the solutions, which
    those that know the labels cannot move while they are a minority. A solution fell when it lost more against that
    than the evidence of both draws leaves open: see `_margins`.

    Returns
    -------
    list of Fall
        Of the solutions that have a result on both draws, by committed rank.
    """
    before, after = ({result.solution.name: result for result in results} for results in (committed, anew))
    names = before.keys() & after.keys()
    places = [_places([results[name] for name in names], definition) for results in (before, after)]
    expected = _expected([(before[name], after[name]) for name in sorted(names)], definition)
    return [
        Fall(
            name=name,
            committed_score=before[name].score,
            committed_rank=place,
            score=after[name].score,
            rank=places[1][name],
            interval=expected.get(name),
            fell=_is_below(after[name], expected.get(name), definition) or _breaks(before[name], after[name]),
        )
        for name, place in places[0].items()
    ]


def lacking(results: Sequence[Result], definition: Competition) -> str:
    """Say what results of one draw lack for `fell` to tell anything; empty where they lack nothing."""
    scored = [result for result in results if result.score is not None]
    if len(scored) < MIN_SOLUTIONS:
        return f"{len(scored)} of {len(results)} solutions have a score; {MIN_SOLUTIONS} or more are needed to compare"
    if sum(map(_has_evidence, scored)) >= MIN_SOLUTIONS:
        return ""
    most = max(len(result.statistics.clusters) if result.statistics else 0 for result in scored)
    rest = (
        f"{most} clusters of rows (by {definition.ranking.cluster})" if most else "no sums that a spread follows from"
    )
    return f"scores rest on {rest}; {MIN_CLUSTERS} or more clusters are needed"


def unsaid(committed: Sequence[Result], anew: Sequence[Result], definition: Competition) -> str:
    """Say why the scores of two draws tell nothing of who fell; empty where they tell it of some."""
    before, after = ({result.solution.name: result for result in results} for results in (committed, anew))
    names = sorted(before.keys() & after.keys())
    for which, results in (("committed", before), ("new", after)):
        if why := lacking([results[name] for name in names], definition):
            return f"on the {which} data {why}"
    if _expected([(before[name], after[name]) for name in names], definition):
        return ""
    return f"too few solutions have a '{definition.metric.primary}' on both draws, and in most bootstrap samples"


def _places(results: Sequence[Result], definition: Competition) -> dict[str, int | None]:
    """Rank by name, in the order of the board."""
    return {standing.result.solution.name: standing.rank for standing in in_order(results, definition)}


def _is_below(result: Result, expected: Interval | None, definition: Competition) -> bool:
    if expected is None or result.score is None:
        return False
    return result.score < expected.low if definition.primary.greater_is_better else result.score > expected.high


def _breaks(before: Result, after: Result) -> bool:
    """Whether a solution that has a committed score fails on the new draw by its own doing."""
    own = (trial.failure for trial in after.failures if trial.failure and trial.failure.type not in NOBODYS_FAULT)
    return before.score is not None and any(own)


def _expected(pairs: Sequence[tuple[Result, Result]], definition: Competition) -> dict[str, Interval]:
    """Where the score of each solution lies on the new draw, if it does as well there as on the committed one."""
    scored = [pair for pair in pairs if all(_has_evidence(result) for result in pair)]
    if len(scored) < MIN_SOLUTIONS:
        return {}
    before, after = (np.array([result.score for result in side]) for side in zip(*scored, strict=True))
    change = after - before
    shift = float(np.median(change))
    margins = _margins(change - shift, _standard_errors(scored, definition))
    return {
        pair[0].solution.name: Interval(float(score + shift - margin), float(score + shift + margin))
        for pair, score, margin in zip(scored, before, margins, strict=True)
        if np.isfinite(margin)
    }


def _has_evidence(result: Result) -> bool:
    statistics = result.statistics
    return result.score is not None and statistics is not None and len(statistics.clusters) >= MIN_CLUSTERS


def _margins(residuals: Floats, errors: Floats) -> Floats:
    """How far a solution's change may lie from the common shift.

    Two variances add up: that of the clusters, and that by which solutions honestly differ in how a draw suits them.
    The latter is the spread of the residuals beyond the former (1.4826 times the median absolute one, which a minority
    of outliers cannot move), and no less than the former: so few residuals tell little, and clusters of one draw do not
    tell what differs between draws. The quantile is the normal one for all solutions at once (Bonferroni).

    Parameters
    ----------
    residuals : ndarray of shape (n,)
        Changes less the common shift.
    errors : ndarray of shape (n,)
        Their standard errors from the rows' clusters.

    Returns
    -------
    ndarray of shape (n,)
    """
    of_clusters = float(np.median(errors**2))
    spread = float((1.4826 * np.median(np.abs(residuals))) ** 2)
    between = max(of_clusters, spread - of_clusters)
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARMS / len(residuals))
    return quantile * np.sqrt(errors**2 + between)


def _standard_errors(pairs: Sequence[tuple[Result, Result]], definition: Competition) -> Floats:
    """Standard error of each solution's change less the median one, by bootstrap over clusters.

    Solutions of one draw share its clusters, so that they are drawn together; the two draws are independent.
    """
    before, after = (_resampled(results, definition, side) for side, results in enumerate(zip(*pairs, strict=True)))
    change = after - before
    # A draw without a positive row, say, leaves the score undefined.
    defined = change[:, np.isfinite(change).all(axis=0)]
    if defined.shape[1] < N_RESAMPLES // 2:
        return np.full(len(pairs), np.inf)
    return np.asarray(np.std(defined - np.median(defined, axis=0), axis=1))


def _resampled(results: Sequence[Result], definition: Competition, side: int) -> Floats:
    """Scores with clusters drawn with replacement, the same for all results, `N_RESAMPLES` times; NaN where undefined.

    Returns
    -------
    ndarray of shape (n_results, N_RESAMPLES)
    """
    draws: dict[int, NDArray[np.int64]] = {}
    scores = []
    for result in results:
        assert result.statistics is not None
        sums = result.statistics.array()
        n = sums.shape[1]
        if n not in draws:
            rng = np.random.default_rng([definition.competition.seed, side])
            draws[n] = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
        scorer = definition.scorer(definition.metric.primary, len(result.classes))
        by_unit = np.stack([scorer.metric.from_statistics(draws[n] @ unit, scorer.params) for unit in sums])
        # A unit that a draw leaves without rows drops out of that draw's mean.
        defined = np.isfinite(by_unit)
        total, count = by_unit.sum(axis=0, where=defined), defined.sum(axis=0)
        scores.append(np.divide(total, count, out=np.full(N_RESAMPLES, np.nan), where=count > 0))
    return np.stack(scores)
