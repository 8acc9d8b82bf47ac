"""The leaderboard of one competition: what every way of showing it shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from competition.board.front import Spent, on_front, spent
from competition.board.remarks import remarks, same_predictions
from competition.board.row import Row, row_of
from competition.board.stale import Wanted, most_common, trial_sources, why_stale
from competition.definition import Competition
from competition.feedback.published import Published
from competition.manifest import Manifest
from competition.metrics import METRICS
from competition.ranking.corrected_ttest import against_best
from competition.ranking.inference import LEVEL, Evidence, Inference, infer_from
from competition.ranking.order import evidence_of, in_order, rank
from competition.results import Result

if TYPE_CHECKING:
    from competition.evaluation.sources import Harness


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
    published : Published or None
        Of a sealed competition: what its repository has of the held-out scores.
    """

    definition: Competition
    rows: tuple[Row, ...]
    stale: tuple[tuple[str, str], ...]
    reason: str = ""
    pairs: Pairs | None = None
    published: Published | None = None

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
    def has_ttest(self) -> bool:
        """Whether the corrected resampled t-test applies."""
        return any(row.p_against_best is not None for row in self.rows)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What limits the scores and says how to read them, a sentence each."""
        said = remarks([row.result for row in self.ranked], self.definition)
        if not self.has_ttest:
            return said
        n_splits = self.definition.cv.n_splits * self.definition.cv.n_repeats
        return (
            *said,
            f"p against the best: corrected resampled t-test (Nadeau and Bengio 2003) on {n_splits} random splits, "
            "adjusted by Holm; it asks of other training sets, and takes no part in the ranks.",
        )

    @property
    def trust_note(self) -> str:
        """What the board rests on."""
        levels = sorted({row.result.provenance.isolation for row in self.rows})
        bare = " (not held: a solution could have reached the labels)" if "none" in levels else ""
        return f"Isolation: {', '.join(levels) or '–'}{bare}; {self.key_note}."

    @property
    def key_note(self) -> str:
        """Which key the held-out scores rest on."""
        if not self.definition.is_sealed:
            return "the answer key is open, so that trust in the held-out scores rests on review"
        if self.published is not None and self.published.closed is not None:
            return f"the answer key was sealed until the competition was closed on {self.published.closed.date}"
        told = "" if self.definition.feedback is None else "; of public scores only significant improvements are told"
        return f"the answer key is sealed until the competition is closed: it lies outside the repository{told}"


def build(
    definition: Competition,
    results: Iterable[Result],
    manifest: Manifest | None,
    sources: Mapping[str, str] | None = None,
    unreadable: Mapping[str, str] | None = None,
    harness: "Harness | None" = None,
    infer: Callable[[Evidence], Inference] = infer_from,
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
    infer : callable, optional
        As `rank` takes it.
    """
    results = [result for result in results if sources is None or result.solution.name in sources]
    made = [result.provenance for result in results]
    wanted = Wanted(
        data=manifest.data if manifest else most_common(one.data for one in made),
        split=manifest.split if manifest else most_common(one.split for one in made),
        harness=harness and replace(harness, child=trial_sources(harness, made)),
        sources=sources,
    )
    stale = [(name, why) for name, why in (unreadable or {}).items() if sources is None or name in sources]
    current: list[Result] = []
    for result in results:
        why = why_stale(result, definition, wanted)
        if why:
            stale.append((result.solution.name, why))
        else:
            current.append(result)
    ranking = rank(current, definition, infer)
    rows = tuple(row_of(standing, definition) for standing in ranking.standings)
    rows = _compared(rows, definition)
    return mark_front(Leaderboard(definition, rows, tuple(sorted(stale)), ranking.reason))


def with_pairs(board: Leaderboard) -> Leaderboard:
    """Compare every two ranked solutions of a board."""
    from competition.ranking.pairs import compare_pairs  # scipy, which the board alone does without

    scored = in_order([row.result for row in board.ranked], board.definition)
    evidence = evidence_of(scored, board.definition)
    compared = None if isinstance(evidence, str) else compare_pairs(evidence.resampled())
    if compared is None:
        return board
    p_values = tuple(tuple(map(float, row)) for row in compared.adjusted)
    return replace(board, pairs=Pairs(tuple(row.name for row in board.ranked), p_values))


def _compared(rows: tuple[Row, ...], definition: Competition) -> tuple[Row, ...]:
    """Add what rows are beside each other: who predicts alike, and the test against the leader where it applies."""
    results = [row.result for row in rows if row.rank is not None]
    alike, p_values = same_predictions(results), against_best(results, definition) or {}
    return tuple(replace(row, alike=alike.get(row.name, ()), p_against_best=p_values.get(row.name)) for row in rows)


def mark_front(board: Leaderboard) -> Leaderboard:
    """Mark the rows on the Pareto front of score against cost."""
    scores = [row.score for row in board.rows]
    marks = on_front(scores, board.spent.values, greater_is_better=board.definition.primary.greater_is_better)
    rows = tuple(replace(row, on_front=mark) for row, mark in zip(board.rows, marks, strict=True))
    return replace(board, rows=rows)
