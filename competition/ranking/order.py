"""The order of a board, by score, and what the evidence says of it: one score, one inference, one order."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from competition.definition import Competition
from competition.ranking.inference import Evidence, Inference, infer_from
from competition.ranking.resampling import Contestant
from competition.ranking.seeds import Seeds, seeds_of
from competition.results import Result


@dataclass(frozen=True)
class Interval:
    """Lower and upper end of a confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """A result with its place.

    Parameters
    ----------
    rank : int or None
        1 is best, equal scores share a rank; None where the score is missing.
    seeds : Seeds or None
        How much of its score is luck; None where one seed was run.
    interval : Interval or None
        Of the score; None where the evidence gives none.
    rank_low, rank_high : int or None
        Best and worst rank that the evidence leaves.
    first_share : float or None
        Share of the resamples in which it comes first.
    """

    rank: int | None
    result: Result
    seeds: Seeds | None = None
    interval: Interval | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    first_share: float | None = None


@dataclass(frozen=True)
class Ranking:
    """The results of a competition in order.

    Parameters
    ----------
    standings : tuple of Standing
        By rank, missing scores last.
    reason : str
        Why there are no intervals and ranges; empty where there are.
    """

    standings: tuple[Standing, ...]
    reason: str


def rank(
    results: Iterable[Result], definition: Competition, infer: Callable[[Evidence], Inference] = infer_from
) -> Ranking:
    """Rank results by their score; rows of equal score stand in the order of their names.

    Parameters
    ----------
    infer : callable, optional
        Makes an inference of evidence; `competition.ranking.inference_cache` has one that does so once.
    """
    placed = in_order(results, definition)
    scored = [one for one in placed if one.rank is not None]
    evidence = evidence_of(scored, definition)
    if isinstance(evidence, str):
        return Ranking(tuple(placed), evidence)
    inference = infer(evidence)
    told = [_told(one, inference, number) for number, one in enumerate(scored)]
    return Ranking((*told, *placed[len(scored) :]), inference.reason)


def in_order(results: Iterable[Result], definition: Competition) -> list[Standing]:
    """Rank results, without a look at the evidence."""
    sign = -1.0 if definition.primary.greater_is_better else 1.0
    by_name = sorted(results, key=lambda result: result.solution.name)
    scored = sorted((r for r in by_name if r.score is not None), key=lambda r: sign * (r.score or 0.0))
    standings = []
    place = 0
    for position, result in enumerate(scored, start=1):
        if position == 1 or result.score != scored[position - 2].score:
            place = position
        standings.append(Standing(place, result, seeds_of(result, definition.metric.primary)))
    return standings + [Standing(None, result) for result in by_name if result.score is None]


def evidence_of(scored: Sequence[Standing], definition: Competition) -> Evidence | str:
    """Gather what an inference about solutions rests on; or say why there can be none."""
    if not scored:
        return "there is no score"
    lacking = [one.result.solution.name for one in scored if one.result.statistics is None]
    if lacking:
        return f"{lacking[0]} has no sums by cluster of rows"
    endless = [one.result.solution.name for one in scored if not math.isfinite(one.result.score or 0.0)]
    if endless:
        return f"the score of {endless[0]} is not finite"
    n_fits = definition.cv.n_splits * definition.cv.n_repeats if definition.ranking.by == "cv" else 1
    contestants = tuple(
        Contestant(one.result.statistics.array(), one.result.score, one.seeds.deviation if one.seeds else 0.0, n_fits)
        for one in scored
        if one.result.statistics is not None and one.result.score is not None
    )
    if len({one.statistics.shape for one in contestants}) > 1:
        return "the solutions' sums are of different clusters of rows"
    scorer = definition.scorer(definition.metric.primary, len(scored[0].result.classes))
    return Evidence(contestants, scorer, definition.competition.seed)


def _told(one: Standing, inference: Inference, number: int) -> Standing:
    """Add what was inferred; a range stands also where there is a single solution and no interval."""
    if inference.low is not None and inference.high is not None and inference.first_share is not None:
        interval = Interval(float(inference.low[number]), float(inference.high[number]))
        one = replace(one, interval=interval, first_share=float(inference.first_share[number]))
    if inference.rank_low is not None and inference.rank_high is not None:
        one = replace(one, rank_low=int(inference.rank_low[number]), rank_high=int(inference.rank_high[number]))
    return one
