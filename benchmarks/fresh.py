"""How often ranking is right in worlds that none of its constants was tuned on (`benchmarks.fresh_worlds`)."""

from collections.abc import Callable

import numpy as np

from benchmarks.coverage import LIMIT, N_RESAMPLES, what_held
from benchmarks.fresh_worlds import GAPS, Metric, World, draw, skills
from benchmarks.report import Figure, Part
from competition.ranking.inference import infer
from competition.ranking.resampling import resample

WORLDS = {
    "10 days, heavy tails": World(10, tails=4.0),
    "16 days, families": World(16, kinship=0.7, shared_effect=0.9),
    "24 groups, very uneven": World(24, unevenness=1.0, concentration=8.0),
    "60 groups, very uneven": World(60, n_rows=6_000, unevenness=1.2, concentration=8.0),
    "rows, 4 % positive": World(200, positives=0.04, shared_effect=0.0, own_effect=0.0),
}
CONTESTS: dict[Metric, int] = {"f1": 240, "root_mean_squared_error": 240, "average_precision": 60}
SIZES = (3, 8, 25)  # solutions
SERIES = 424_242  # of seeds, used for nothing but the figures that are told


def measure(say: Callable[[str], None], contests: dict[Metric, int] = CONTESTS, series: int = SERIES) -> Part:
    """Draw contests of all gaps of skill and sizes in each world, and count what does not hold.

    Parameters
    ----------
    contests : dict
        Number of contests in each world, by metric.
    series : int
        Of the seeds.
    """
    figures = []
    for metric, number in contests.items():
        for name, world in WORLDS.items():
            missed = 1 - np.array([_held(world, metric, [series, each], each) for each in range(number)])
            shares, errors = missed.mean(axis=0), missed.std(axis=0, ddof=1) / np.sqrt(number)
            of_world = [
                Figure(
                    f"{metric}, {name}: {what}",
                    float(100 * share),
                    "%",
                    LIMIT,
                    (float(100 * max(0.0, share - 2 * error)), float(100 * (share + 2 * error))),
                )
                for what, share, error in zip(
                    ("best not tied", "rank missed", "score missed"), shares, errors, strict=True
                )
            ]
            say(
                ", ".join(
                    f"{one.name.rsplit(': ')[-1] if at else one.name} {one.value:.1f} %"
                    for at, one in enumerate(of_world)
                )
            )
            figures += of_world
    return Part(
        "fresh: coverage in worlds that no constant was tuned on",
        f"As `coverage`, over {', '.join(GAPS)}, with {', '.join(map(str, SIZES))} solutions. The range is two "
        "standard errors of the simulation to each side.",
        tuple(figures),
    )


def _held(world: World, metric: Metric, seed: list[int], number: int) -> tuple[float, float, float]:
    """Share of the best that are tied, and of the ranks and scores that are held, in one contest."""
    generator = np.random.default_rng(seed)
    gaps, size = GAPS[number % len(GAPS)], SIZES[number // len(GAPS) % len(SIZES)]
    contest = draw(world, skills(gaps, size, generator), metric, generator)
    found = infer(resample(contest.contestants, contest.scorer, number, N_RESAMPLES))
    return what_held(found, contest)
