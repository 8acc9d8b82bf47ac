"""The Pareto front of score against cost: the solutions that no other one beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """What fitting a solution costs, in a unit that all of a board share.

    Parameters
    ----------
    unit : {"s", "reference jobs"}
        Reference jobs where every solution has such a cost; seconds depend on the machine.
    values : tuple of float or None
        One a solution, None where it was not measured.
    """

    unit: str
    values: tuple[float | None, ...]


def spent(seconds: Sequence[float | None], jobs: Sequence[float | None]) -> Spent:
    """Choose the unit: reference jobs unless a solution that has seconds lacks them."""
    lacking = any(job is None and second is not None for job, second in zip(jobs, seconds, strict=True))
    if lacking or all(job is None for job in jobs):
        return Spent("s", tuple(seconds))
    return Spent("reference jobs", tuple(jobs))


def on_front(
    scores: Sequence[float | None], costs: Sequence[float | None], *, greater_is_better: bool
) -> tuple[bool, ...]:
    """Mark the solutions that no other one dominates.

    One dominates another if it is no worse in score and in cost, and better in one of them; so equals stand together.

    Parameters
    ----------
    scores, costs : sequence of float or None
        One a solution. Whoever lacks either is not on the front and dominates nobody.

    Returns
    -------
    tuple of bool
    """
    sign = 1.0 if greater_is_better else -1.0
    points = {
        at: (cost, -sign * score)
        for at, (score, cost) in enumerate(zip(scores, costs, strict=True))
        if score is not None and cost is not None
    }
    front: set[int] = set()
    best = float("inf")
    last: tuple[float, float] | None = None
    for at in sorted(points, key=points.__getitem__):
        loss = points[at][1]
        if loss < best or points[at] == last:
            front.add(at)
            best, last = loss, points[at]
    return tuple(at in front for at in range(len(scores)))
