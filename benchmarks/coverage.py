"""How often ranking is right: intervals, tie groups and ranges of ranks on contests of known skill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.known_skill import SPREADS, Contest, Metric, Spread, World, draw, skills
from benchmarks.report import Figure, Part
from competition.ranking.inference import Inference, infer
from competition.ranking.resampling import resample

WORLDS = {
    "rows": World("rows", 200),
    "30 groups": World("groups", 30),
    "14 days": World("days", 14),
    "10 days": World("days", 10),
}
SIZES = {5: 100, 20: 100, 200: 16}  # contests by number of solutions
LIMIT = 5.0
N_RESAMPLES = 1_000


@dataclass(frozen=True)
class Coverage:
    """What came of some contests; shares are means over solutions and contests.

    Parameters
    ----------
    best_tied : float
        Share of the truly best solutions that are in the tie group.
    rank_held, score_held : float
        Share of the solutions whose true rank, true score, is in its range, in its interval.
    tied : float
        Mean number of solutions in the tie group.
    width : float
        Mean number of ranks in a range.
    """

    best_tied: float
    rank_held: float
    score_held: float
    tied: float
    width: float


def cover(
    world: World,
    spread: Spread,
    n_solutions: int,
    n_contests: int,
    metric: Metric = "f1",
    seed_deviation: float = 0.0,
) -> Coverage:
    """Draw contests and count what holds.

    Raises
    ------
    ValueError
        If ranking gives no ranges for them.
    """
    rows = []
    for number in range(n_contests):
        generator = np.random.default_rng([number, n_solutions])
        contest = draw(world, skills(spread, n_solutions, generator), metric, generator, seed_deviation)
        found = infer(resample(contest.contestants, contest.scorer, number, N_RESAMPLES))
        held = what_held(found, contest)
        assert found.rank_low is not None
        assert found.rank_high is not None
        rows.append((*held, (found.rank_low == 1).sum(), (found.rank_high - found.rank_low + 1).mean()))
    return Coverage(*np.mean(rows, axis=0).tolist())


def what_held(found: Inference, contest: Contest) -> tuple[float, float, float]:
    """Share of the truly best that are in the tie group, of the true ranks that are held, and of the true scores.

    Raises
    ------
    ValueError
        If ranking gave no ranges.
    """
    if found.rank_low is None or found.rank_high is None or found.low is None or found.high is None:
        raise ValueError(found.reason)
    first, last = contest.true_ranks
    return (
        float((found.rank_low == 1)[first == 1].mean()),
        float(((found.rank_low <= first) & (last <= found.rank_high)).mean()),
        float(((found.low <= contest.true_scores) & (contest.true_scores <= found.high)).mean()),
    )


def measure(say: Callable[[str], None], sizes: dict[int, int] = SIZES, metric: Metric = "f1") -> Part:
    """Count over worlds, spreads of skill and numbers of solutions.

    Parameters
    ----------
    sizes : dict
        Number of contests by number of solutions.
    """
    figures: list[Figure] = []
    for name, world in WORLDS.items():
        of_world = []
        for spread, (n_solutions, n_contests) in product(SPREADS, sizes.items()):
            one = cover(world, spread, n_solutions, n_contests, metric)
            of_world.append(one)
            say(
                f"{name}, {spread}, {n_solutions} solutions: best tied {one.best_tied:.1%}, rank held "
                f"{one.rank_held:.1%}, score held {one.score_held:.1%}; {one.tied:.1f} tied, {one.width:.1f} ranks wide"
            )
        figures += _figures(name, of_world)
    return Part(
        f"coverage: {metric}, {sum(sizes.values()) * len(SPREADS)} contests for each kind of clusters",
        "Contests of solutions of known skill: spread, nearly tied, with tied best ones, all equal; "
        f"{', '.join(map(str, sizes))} solutions. Missed: true best solutions outside the tie group, true ranks "
        "outside their range, true scores outside their interval; the range is over spreads and numbers of solutions. "
        "The solutions of a contest are right or wrong together: a single value is uncertain by 1 to 3 points.",
        tuple(figures),
    )


def _figures(name: str, found: Sequence[Coverage]) -> list[Figure]:
    missed = {
        "best not tied": [100 * (1 - one.best_tied) for one in found],
        "true rank missed": [100 * (1 - one.rank_held) for one in found],
        "true score missed": [100 * (1 - one.score_held) for one in found],
    }
    return [
        Figure(f"{name}: {what}, mean", float(np.mean(values)), "%", LIMIT, (min(values), max(values)))
        for what, values in missed.items()
    ]
