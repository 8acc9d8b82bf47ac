"""The leaderboard of one competition: what every way of showing it shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from competition.board.front import Spent, on_front, spent
from competition.definition import Competition
from competition.manifest import Manifest
from competition.metrics import METRICS
from competition.ranking.inference import LEVEL
from competition.ranking.order import Interval, Standing, in_order, rank, replicates_of
from competition.results import Failure, Provenance, Result
from competition.text import clean

if TYPE_CHECKING:
    from competition.evaluation.sources import Harness


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

    @property
    def ranks(self) -> str:
        """Rank, and the ranks that the evidence leaves open."""
        if self.rank is None:
            return "–"
        return f"{self.rank} ({self.rank_low}–{self.rank_high})" if self.rank_low != self.rank_high else str(self.rank)


@dataclass(frozen=True)
class Pairs:
    """Every two solutions compared; exploratory, since nobody asked a question beforehand.

    Parameters
    ----------
    names : tuple of str
        The solutions compared.
    p_values : tuple of tuple of float
        Adjusted by Holm's method; symmetric, in the order of `names`.
    """

    names: tuple[str, ...]
    p_values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Leaderboard:
    """The ranked results of one competition.

    Parameters
    ----------
    rows : tuple of Row
        By rank, failed ones last.
    stale : tuple of (str, str)
        Solutions whose result was made on other data, rules or code, and why; they are not ranked.
    reason : str
        Why there are no intervals and ranges of ranks; empty where there are.
    pairs : Pairs or None
        Every two ranked solutions compared.
    """

    definition: Competition
    rows: tuple[Row, ...]
    stale: tuple[tuple[str, str], ...]
    reason: str = ""
    pairs: Pairs | None = None

    @property
    def slug(self) -> str:
        """The competition's name."""
        return self.definition.slug

    @property
    def primary_title(self) -> str:
        """Name of the metric that ranks."""
        return self.definition.primary.title

    @property
    def other_metrics(self) -> list[tuple[str, str]]:
        """Name and title of the other metrics."""
        return [(name, METRICS[name].title) for name in self.definition.metric.also]

    @property
    def ranked(self) -> list[Row]:
        """Rows that have a score."""
        return [row for row in self.rows if row.rank is not None]

    @property
    def failed(self) -> list[Row]:
        """Rows that have none."""
        return [row for row in self.rows if row.rank is None]

    @property
    def spent(self) -> Spent:
        """What fitting each row costs."""
        return spent([row.fit_seconds for row in self.rows], [row.fit_cost for row in self.rows])

    @property
    def basis(self) -> str:
        """How the score came about, in one sentence."""
        cv, by = self.definition.cv, self.definition.ranking.by
        better = "higher" if self.definition.primary.greater_is_better else "lower"
        if by == "heldout":
            how = "on the private half of the held-out rows"
        else:
            folds = {
                "blocks": "blocks of days",
                "forward": "blocks of days, forward in time",
                "group": "folds by group",
            }
            repeats = f", {cv.n_repeats} repeats" if cv.n_repeats > 1 else ""
            how = f"by {cv.n_splits}-fold cross-validation ({folds.get(cv.strategy, cv.strategy + ' folds')}{repeats})"
        return f"Ranked by {self.primary_title} {how}; {better} is better."

    @property
    def interval_note(self) -> str:
        """What the intervals and ranges mean, or why there are none."""
        if self.reason:
            return f"No intervals and no ranges of ranks: {self.reason}."
        unit = {"row": "bins of rows", "day": "days", "group": "groups"}[self.definition.ranking.cluster]
        return (
            f"Intervals and ranges of ranks: {LEVEL:.0%}, paired bootstrap over {unit} and seeds. A range counts who "
            "is significantly better and worse, all others compared at once; whoever can be first ties with the best."
        )

    @property
    def trust_note(self) -> str:
        """What the board rests on."""
        levels = sorted({row.result.provenance.isolation for row in self.rows})
        key = "the answer key is open, so that trust in the held-out scores rests on review"
        bare = " (not held: a solution could have reached the labels)" if "none" in levels else ""
        return f"Isolation: {', '.join(levels) or '–'}{bare}; {key}."


def build(
    definition: Competition,
    results: Iterable[Result],
    manifest: Manifest | None,
    sources: Mapping[str, str] | None = None,
    unreadable: Mapping[str, str] | None = None,
    harness: "Harness | None" = None,
) -> Leaderboard:
    """Rank the results that belong together, and list the others as stale.

    Parameters
    ----------
    manifest : Manifest or None
        The prepared data; without it, results that were not made on the same data as most of them are stale.
    sources : mapping, optional
        Fingerprint of each solution's file as it is now, by name. Results of a file that has changed are stale, those
        of a file that is gone are left out.
    unreadable : mapping, optional
        Why a result cannot be used, by name; listed with the stale ones.
    harness : Harness, optional
        The harness as it is now. Results that others scored are stale; so are those whose trials others ran, beside
        results of its own or, where it has none, of the one that made most. If not given, this is not looked at.
    """
    results = [result for result in results if sources is None or result.solution.name in sources]
    made = [result.provenance for result in results]
    wanted = _Wanted(
        data=manifest.data if manifest else _most_common(one.data for one in made),
        split=manifest.split if manifest else _most_common(one.split for one in made),
        harness=harness and replace(harness, child=_child(harness, made)),
        sources=sources,
    )
    stale = [(name, why) for name, why in (unreadable or {}).items() if sources is None or name in sources]
    current: list[Result] = []
    for result in results:
        why = _why_stale(result, definition, wanted)
        if why:
            stale.append((result.solution.name, why))
        else:
            current.append(result)
    ranking = rank(current, definition)
    rows = tuple(_row(standing, definition) for standing in ranking.standings)
    return mark_front(Leaderboard(definition, rows, tuple(sorted(stale)), ranking.reason))


def with_pairs(board: Leaderboard) -> Leaderboard:
    """Compare every two ranked solutions of a board."""
    from competition.ranking.pairs import compare_pairs  # scipy, which the board alone does without

    scored = in_order([row.result for row in board.ranked], board.definition)
    drawn = replicates_of(scored, board.definition)
    compared = None if isinstance(drawn, str) else compare_pairs(drawn)
    if compared is None:
        return board
    p_values = tuple(tuple(map(float, row)) for row in compared.adjusted)
    return replace(board, pairs=Pairs(tuple(row.name for row in board.ranked), p_values))


def mark_front(board: Leaderboard) -> Leaderboard:
    """Mark the rows on the Pareto front of score against cost."""
    scores = [row.score for row in board.rows]
    marks = on_front(scores, board.spent.values, greater_is_better=board.definition.primary.greater_is_better)
    rows = tuple(replace(row, on_front=mark) for row, mark in zip(board.rows, marks, strict=True))
    return replace(board, rows=rows)


def _most_common(values: Iterable[str]) -> str:
    found = list(values)
    return max(sorted(set(found)), key=found.count, default="")


def _child(harness: "Harness", made: Iterable[Provenance]) -> str:
    """Sources of trials that results are ranked from: the harness's own, or what most have if none has those."""
    found = [one.child for one in made if one.scoring == harness.scoring]
    return harness.child if harness.child in found else _most_common(found)


@dataclass(frozen=True)
class _Wanted:
    """What results are made on and with that belong on the board; None for anything."""

    data: str
    split: str
    harness: "Harness | None"
    sources: Mapping[str, str] | None


def _why_stale(result: Result, definition: Competition, wanted: _Wanted) -> str:
    made, harness = result.provenance, wanted.harness
    if wanted.sources is not None and wanted.sources[result.solution.name] != made.solution_file:
        return "its file has changed since"
    if made.competition_version != definition.competition.version:
        return (
            f"made under version {made.competition_version} of the rules, which are at {definition.competition.version}"
        )
    if made.rules != definition.rules:
        return "made under another metric, ranking, rule for predictions or limit"
    if made.data != wanted.data:
        return f"made on other data ({made.data}, not {wanted.data})"
    if made.split != wanted.split:
        return f"made on another split ({made.split}, not {wanted.split})"
    if harness is not None and made.scoring != harness.scoring:
        return f"scored by another version of the harness ({made.scoring}, not {harness.scoring})"
    if harness is not None and made.child != harness.child:
        return f"its trials were run by another version of the harness ({made.child}, not {harness.child})"
    missing = [name for name in definition.metric_names if name not in result.metrics]
    if missing and not result.failures:
        return f"made without the metric {missing[0]}"
    return ""


def _row(standing: Standing, definition: Competition) -> Row:
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


def number(value: float | None, digits: int = 4) -> str:
    """A score or cost for a reader, an en dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def cost(value: float | None) -> str:
    """A cost to two or three significant digits."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"
