"""A row of the leaderboard: what is shown of one solution."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median

from competition.board.numbers import number
from competition.definition import Competition
from competition.ranking.order import Interval, Standing
from competition.results import Failure, Result
from competition.text import clean


@dataclass(frozen=True)
class Row:
    """One solution on the board.

    Parameters
    ----------
    heldout_public, heldout_private : float or None
        The primary metric on the two halves of the held-out rows.
    metrics : dict
        Every metric from cross-validation, None where undefined.
    fit_seconds : float or None
        Mean over the folds.
    predict_ms : float or None
        Median time to predict 1,000 rows, in milliseconds.
    peak_memory_mb : float or None
        Largest over the trials.
    failure : Failure or None
        Of the first failed trial.
    rank_low, rank_high : int or None
        The best and the worst rank that the evidence leaves open.
    is_tied_with_best : bool or None
        Whether the best is not significantly better.
    share_of_firsts : float or None
        Of the resamples in which it comes first, from 0 to 1.
    seed_spread : float or None
        Standard deviation of the score of the first fold across seeds.
    is_seed_invariant : bool
        Whether the predictions do not depend on the seed.
    fit_cost, predict_cost : float or None
        In units of a reference job that was timed on the same machine at that time; predicting, of 1,000 rows.
    on_front : bool
        Whether no other solution beats it in both score and cost of fitting.
    heldout : dict
        Every metric on the held-out rows, by ``metric/public`` and ``metric/private``, as far as it may be shown.
    heldout_notes : tuple of str
        What is shown in place of the public and of the private score; empty where the number is.
    alike : tuple of str
        Solutions that predict every out-of-fold row as it does.
    p_against_best : float or None
        Of the corrected resampled t-test against the leader, where that applies.
    """

    rank: int | None
    name: str
    title: str
    authors: tuple[str, ...]
    score: float | None
    interval: Interval | None
    heldout_public: float | None
    heldout_private: float | None
    metrics: dict[str, float | None]
    fit_seconds: float | None
    predict_ms: float | None
    peak_memory_mb: float | None
    failure: Failure | None
    failed_trials: int
    result: Result
    rank_low: int | None = None
    rank_high: int | None = None
    is_tied_with_best: bool | None = None
    share_of_firsts: float | None = None
    seed_spread: float | None = None
    is_seed_invariant: bool = False
    fit_cost: float | None = None
    predict_cost: float | None = None
    on_front: bool = False
    heldout: Mapping[str, float | None] = field(default_factory=dict)
    heldout_notes: tuple[str, str] = ("", "")
    alike: tuple[str, ...] = ()
    p_against_best: float | None = None

    def public_shown(self, digits: int = 4) -> str:
        """The score on the public half, or what is shown in its place."""
        return self.heldout_notes[0] or number(self.heldout_public, digits)

    def private_shown(self, digits: int = 4) -> str:
        """The score on the private half, or what is shown in its place."""
        return self.heldout_notes[1] or number(self.heldout_private, digits)

    @property
    def ranks(self) -> str:
        """Rank, and the ranks that the evidence leaves open."""
        if self.rank is None:
            return "–"
        return f"{self.rank} ({self.rank_low}–{self.rank_high})" if self.rank_low != self.rank_high else str(self.rank)


def row_of(standing: Standing, definition: Competition) -> Row:
    """Take together what its trials came to."""
    result = standing.result
    cv = [trial for trial in result.trials if trial.part == "cv" and trial.failure is None]
    fits = [trial.fit_seconds for trial in cv if trial.fit_seconds is not None]
    speeds = [1e6 * t.predict_seconds / t.rows_predict for t in cv if t.predict_seconds is not None and t.rows_predict]
    fit_costs = [t.fit_seconds / t.reference_seconds for t in cv if t.fit_seconds is not None and t.reference_seconds]
    predict_costs = [
        1e3 * t.predict_seconds / t.rows_predict / t.reference_seconds
        for t in cv
        if t.predict_seconds is not None and t.reference_seconds and t.rows_predict
    ]
    memory = [trial.peak_memory_mb for trial in result.trials if trial.peak_memory_mb is not None]
    primary = definition.metric.primary
    return Row(
        rank=standing.rank,
        name=result.solution.name,
        title=clean(result.solution.title),
        authors=tuple(clean(author) for author in result.solution.authors),
        score=result.score,
        interval=standing.interval,
        heldout_public=result.heldout.get(f"{primary}/public"),
        heldout_private=result.heldout.get(f"{primary}/private"),
        heldout=result.heldout,
        metrics=result.metrics,
        fit_seconds=fmean(fits) if fits else None,
        predict_ms=median(speeds) if speeds else None,
        peak_memory_mb=max(memory, default=None),
        failure=result.failures[0].failure if result.failures else None,
        failed_trials=len(result.failures),
        result=result,
        rank_low=standing.rank_low,
        rank_high=standing.rank_high,
        is_tied_with_best=None if standing.rank_low is None else standing.rank_low == 1,
        share_of_firsts=standing.first_share,
        seed_spread=standing.seeds.deviation if standing.seeds else None,
        is_seed_invariant=standing.seeds is not None and standing.seeds.are_alike,
        fit_cost=fmean(fit_costs) if fit_costs else None,
        predict_cost=median(predict_costs) if predict_costs else None,
    )
