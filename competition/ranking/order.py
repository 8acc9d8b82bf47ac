"""The order of a board: by score, equal scores equal, missing scores last."""

from collections.abc import Iterable
from dataclasses import dataclass

from competition.definition import Competition
from competition.ranking.intervals import Interval, bootstrap_interval
from competition.results import Result


@dataclass(frozen=True)
class Standing:
    """A result with its place.

    Parameters
    ----------
    rank : int or None
        1 is best, equal scores share a rank; None where the score is missing.
    interval : Interval or None
        Of the score; None with too few clusters.
    """

    rank: int | None
    result: Result
    interval: Interval | None


def rank(results: Iterable[Result], definition: Competition) -> list[Standing]:
    """Rank results by their score; rows of equal score stand in the order of their names."""
    sign = -1.0 if definition.primary.greater_is_better else 1.0
    by_name = sorted(results, key=lambda result: result.solution.name)
    scored = sorted((r for r in by_name if r.score is not None), key=lambda r: sign * (r.score or 0.0))
    standings = []
    place = 0
    for position, result in enumerate(scored, start=1):
        if position == 1 or result.score != scored[position - 2].score:
            place = position
        standings.append(Standing(place, result, _interval(result, definition)))
    return standings + [Standing(None, result, None) for result in by_name if result.score is None]


def _interval(result: Result, definition: Competition) -> Interval | None:
    if result.statistics is None or result.score is None:
        return None
    scorer = definition.scorer(definition.metric.primary, len(result.classes))
    return bootstrap_interval(result.statistics, scorer, result.score, definition.competition.seed)
