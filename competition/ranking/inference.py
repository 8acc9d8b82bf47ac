"""What the evidence says of each solution: an interval, a range of ranks, a share of first places."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Scorer
from competition.ranking.maxt import differences, separated
from competition.ranking.resampling import Contestant, Replicates, resample
from competition.ranking.score_intervals import intervals

LEVEL = 0.95
MIN_CLUSTERS = 10

Floats = NDArray[np.float64]
Ranks = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """What the inference about the solutions of one competition rests on, and nothing else does.

    Parameters
    ----------
    contestants : tuple of Contestant
        Best first.
    scorer : Scorer
        Turns their sums into scores.
    seed : int
        Of the draw.
    """

    contestants: tuple[Contestant, ...]
    scorer: Scorer
    seed: int

    def resampled(self) -> Replicates:
        """Draw the scores anew, over clusters of rows and seeds."""
        return resample(self.contestants, self.scorer, self.seed)


@dataclass(frozen=True)
class Inference:
    """What can be said of K solutions, in the order in which they were given.

    Parameters
    ----------
    low, high : ndarray of shape (K,), optional
        Ends of each score's interval at level `LEVEL`, in the unit of the metric.
    first_share : ndarray of shape (K,), optional
        Share of the resamples in which a solution comes first; ties are split equally. They sum to 1.
    rank_low, rank_high : ndarray of int of shape (K,), optional
        Best and worst rank that the evidence leaves a solution.
    reason : str
        Why there is none of these; empty where there is.
    """

    low: Floats | None
    high: Floats | None
    first_share: Floats | None
    rank_low: Ranks | None
    rank_high: Ranks | None
    reason: str = ""

    @property
    def tied_with_best(self) -> NDArray[np.bool_] | None:
        """Whether no solution is significantly better, shape (K,)."""
        return None if self.rank_low is None else self.rank_low == 1


def infer_from(evidence: Evidence) -> Inference:
    """Infer what can be said of solutions, by resampling."""
    return infer(evidence.resampled())


def infer(replicates: Replicates, level: float = LEVEL) -> Inference:
    """Infer intervals, shares of first places and ranges of ranks.

    The range of ranks of a solution is ``1 + number significantly better`` to ``K - number significantly worse``
    (Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for ranks with applications to mobility across neighbourhoods
    and academic achievement across countries"), each of the two questions put to all others at once, at half of the
    level (`competition.ranking.maxt`). It holds the true rank with probability `level`, for each solution.

    Parameters
    ----------
    replicates : Replicates
        Of all solutions of a competition that have a score.
    level : float
        Confidence.

    Returns
    -------
    Inference
        Without figures, but with a reason, below `MIN_CLUSTERS` clusters or where a resample has no score.
    """
    n_solutions = len(replicates.scores)
    reason = reason_against(replicates)
    if reason:
        alone = np.ones(1, dtype=np.int64) if n_solutions == 1 else None
        return Inference(None, None, None, alone, alone, reason)
    sign = 1.0 if replicates.greater_is_better else -1.0
    places, copy_of = _distinct(replicates, sign)
    copies = np.bincount(copy_of)
    by_solution = sign * np.ascontiguousarray(replicates.replicates[:, places].T)
    better, worse = separated(differences(replicates, places), 1 - level)
    low, high = intervals(replicates, level)
    return Inference(
        low=low,
        high=high,
        first_share=_first_shares(by_solution, copies)[copy_of],
        rank_low=(1 + better @ copies)[copy_of],
        rank_high=(n_solutions - worse @ copies)[copy_of],
    )


def reason_against(replicates: Replicates) -> str:
    """Why nothing can be inferred; empty where something can."""
    if replicates.n_clusters < MIN_CLUSTERS:
        return f"{replicates.n_clusters} clusters of rows are too few for a range of ranks; it takes {MIN_CLUSTERS}"
    undefined = int((~np.isfinite(replicates.replicates)).any(axis=1).sum())
    if undefined:
        of_all = f"{undefined:,} of {len(replicates.replicates):,} resamples"
        return f"the score is undefined in {of_all}: a class has rows in few of the clusters"
    return ""


def _distinct(replicates: Replicates, sign: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Fold equal solutions into one, best first, equal scores in an order that only depends on their content.

    Returns
    -------
    places : ndarray of shape (U,)
        Where each distinct solution stands first.
    copy_of : ndarray of shape (K,)
        Number in ``range(U)`` of the distinct solution that each one is.
    """
    columns = np.ascontiguousarray(replicates.replicates.T)
    keys = [
        (-sign * score, blake2b(column.tobytes(), digest_size=16).digest())
        for score, column in zip(replicates.scores.tolist(), columns, strict=True)
    ]
    number = {key: at for at, key in enumerate(sorted(set(keys)))}
    copy_of = np.array([number[key] for key in keys])
    return np.unique(copy_of, return_index=True)[1], copy_of


def _first_shares(by_solution: Floats, copies: NDArray[np.intp]) -> Floats:
    first = by_solution == by_solution.max(axis=0)
    shared = first / (first * copies[:, None]).sum(axis=0)
    return np.asarray(shared.mean(axis=1))
