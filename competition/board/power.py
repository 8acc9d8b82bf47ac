"""What a competition's split can tell apart, before it opens: by simulation with baselines that were evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from competition.board.library import read_library
from competition.board.table import Leaderboard
from competition.dataset import Prepared
from competition.errors import PodiumError
from competition.evaluation.cache import TrialCache
from competition.metrics import Scorer
from competition.ranking.complements import OutOfFold, error_correlation
from competition.ranking.power import Simulation, SmallestDifference, smallest_difference
from competition.ranking.resampling import Contestant
from competition.ranking.seeds import seeds_of
from competition.results import Predictions
from competition.solution import Solution

USUAL_CORRELATION = 0.5  # of errors, where there is one baseline
MOST_ALIKE = 0.95
MUCH_LARGER = 2.0
PARTS = ("cross-validation", "public part", "private part")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """A baseline, and by how much another solution must be better to be told apart from it.

    Parameters
    ----------
    differences : tuple of SmallestDifference
        In the order of `PARTS`.
    """

    name: str
    score: float
    differences: tuple[SmallestDifference, ...]


@dataclass(frozen=True)
class SplitPower:
    """What a split can tell apart.

    Parameters
    ----------
    references : tuple of Reference
        The best of the baselines, and the one in the middle where there are three or more.
    rows : tuple of int
        Rows of each part, in the order of `PARTS`.
    correlation : float
        Of the errors of two solutions.
    gap : float or None
        Median difference between baselines that are neighbours by score; None with fewer than three.
    missing : tuple of str
        Solutions whose predictions are not kept.
    """

    references: tuple[Reference, ...]
    rows: tuple[int, ...]
    n_baselines: int
    correlation: float
    gap: float | None
    missing: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """Why the public part is too small; none where it is not.

        A public score is for seeing whether a change was an improvement. It does not serve where the public part cannot
        rank at all, where it needs twice the difference that the private part needs, so that who leads in public says
        little of who wins, or where neighbours are usually nearer to each other than it can tell.
        """
        _, public, private = self.references[-1].differences
        if public.difference is None:
            return [f"the public part is too small: {public.reason}"]
        told = []
        if private.difference is not None and public.difference > MUCH_LARGER * private.difference:
            told.append(
                f"the public part is too small: a difference of {private.difference:.4f} is told apart by the private "
                f"part, and it takes {public.difference:.4f} to be by the public one"
            )
        if self.gap is not None and public.difference > self.gap:
            told.append(
                f"the public part is too small for neighbours: they are {self.gap:.4f} apart, as the median of the "
                f"baselines goes, and it takes {public.difference:.4f}"
            )
        return told


def power_of(
    board: Leaderboard, prepared: Prepared, solutions: Mapping[str, Solution], cache: TrialCache
) -> SplitPower:
    """Simulate contests on each part of the split; nothing is fitted, and no held-out label is looked at.

    What the held-out parts can tell is simulated with as many clusters of rows (or rows, where each row stands for
    itself) as they have, drawn from the out-of-fold predictions of the reference.

    Parameters
    ----------
    solutions : mapping
        The baselines, by name.
    cache : TrialCache
        Where their predictions are.

    Raises
    ------
    PodiumError
        If no predictions are kept.
    """
    wanted = [(solutions[row.name], row.result) for row in board.ranked if row.name in solutions]
    library = read_library(prepared, wanted, cache)
    if not library.names:
        slug = board.slug
        raise PodiumError(
            f"no predictions of a baseline for '{slug}' are kept here", f"make them by `podium run {slug} --fresh`"
        )
    scorer = board.definition.scorer(board.definition.metric.primary, len(prepared.classes))
    scores = {row.name: row.score for row in board.ranked if row.score is not None}
    usable = [name for name in library.names if name in scores]  # best first, as on the board
    taken = dict(zip(library.names, library.made.library, strict=True))
    better_half = [taken[name] for name in usable[: max(2, (len(usable) + 1) // 2)]]
    simulation = Simulation(
        scorer, _usual_correlation(library.made, better_half, scorer), prepared.definition.competition.seed
    )
    chosen = [usable[0], usable[len(usable) // 2]] if len(usable) > 2 else usable[:1]
    seeds = {row.name: seeds_of(row.result, scorer.metric.name) for row in board.ranked}
    references = []
    for name in chosen:
        found = seeds[name]
        deviation = 0.0 if found is None else found.deviation
        parts = _parts(prepared, replace(library.made, library=(taken[name],)), simulation, deviation)
        references.append(Reference(name, scores[name], tuple(smallest_difference(*part) for part in parts)))
    return SplitPower(
        references=tuple(references),
        rows=(len(library.made.truth), int(prepared.public.sum()), int((~prepared.public).sum())),
        n_baselines=len(usable),
        correlation=simulation.correlation,
        gap=_usual_gap([scores[name] for name in usable]),
        missing=library.missing,
    )


def _usual_gap(scores: Sequence[float]) -> float | None:
    """Median distance of neighbours; those of equal score are none."""
    distinct = sorted(set(scores))
    return median(high - low for low, high in pairwise(distinct)) if len(distinct) > 2 else None


def _usual_correlation(made: OutOfFold, library: Sequence[Predictions], scorer: Scorer) -> float:
    """Median correlation of the errors of two solutions."""
    if len(library) < 2:
        return USUAL_CORRELATION
    of_pairs = error_correlation(made.truth, library, scorer.n_classes)[np.triu_indices(len(library), 1)]
    known = of_pairs[np.isfinite(of_pairs)]
    return float(np.clip(np.median(known), 0.0, MOST_ALIKE)) if len(known) else USUAL_CORRELATION


def _parts(
    prepared: Prepared, made: OutOfFold, simulation: Simulation, deviation: float
) -> list[tuple[Contestant, Simulation]]:
    """One solution, as each part would see it."""
    cv = prepared.definition.cv
    n_fits = cv.n_splits * cv.n_repeats
    parts = [(_contestant(made, simulation.scorer, deviation, n_fits), simulation)]
    whole = replace(made, fold=np.zeros_like(made.fold))
    for mask in (prepared.public, ~prepared.public):
        clusters = np.unique(prepared.heldout.cluster.code[mask], return_inverse=True)[1]
        if prepared.definition.ranking.cluster == "row":
            of_part = _sample(whole, clusters, simulation.seed)
            parts.append((_contestant(of_part, simulation.scorer, deviation, 1), simulation))
        else:
            drawn = replace(simulation, n_clusters=int(clusters.max()) + 1)
            parts.append((_contestant(whole, simulation.scorer, deviation, 1), drawn))
    return parts


def _sample(made: OutOfFold, cluster: NDArray[np.intp], seed: int) -> OutOfFold:
    """As many rows as there are clusters given, drawn without replacement where there are enough."""
    n = len(made.truth)
    rows = np.random.default_rng(seed).choice(n, len(cluster), replace=len(cluster) > n)
    return OutOfFold(made.truth[rows], made.fold[rows], cluster, tuple(one.take(rows) for one in made.library))


def _contestant(made: OutOfFold, scorer: Scorer, deviation: float, n_fits: int) -> Contestant:
    """Sums by cluster: of all rows, or by fold where the metric is averaged over folds."""
    fold = np.zeros_like(made.fold) if scorer.metric.pooled else made.fold
    n_clusters = int(made.cluster.max()) + 1
    (predictions,) = made.library
    sums, scores = [], []
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        truth, of_rows = made.truth[rows], predictions.take(rows)
        sums.append(scorer.statistics(truth, of_rows, made.cluster[rows], n_clusters))
        scores.append(scorer(truth, of_rows))
    defined = [score for score in scores if score is not None]
    if not defined or any(of_unit is None for of_unit in sums):
        raise PodiumError(f"the baselines have no {scorer.metric.title}", "it takes one with probabilities or scores")
    return Contestant(np.array(sums, dtype=np.float64), float(np.mean(defined)), deviation, n_fits)
