"""What the page of one solution shows."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from competition.board.scale import score_scale
from competition.board.site import source
from competition.board.site.clusters import ByCluster
from competition.board.site.figures import Bar, Cell, Strip, bar, confusions, matrix, strip
from competition.board.site.pages import Contest, Line
from competition.board.site.plots import Plot, plots
from competition.board.site.trials import FailureGroup, failure_groups, fold_heads, fold_scores, folds
from competition.board.site.weak import Weak, weak_slices
from competition.board.table import Leaderboard
from competition.results import TrialRecord
from competition.text import clean

MAX_LETTERS = 4_000


@dataclass(frozen=True)
class ByFold:
    """The primary score on a fold, and the trial where it is a single one."""

    name: str
    score: float | None
    bar: Bar | None
    trial: TrialRecord | None


@dataclass(frozen=True)
class SolutionPage:
    """Everything on the page of a solution.

    Parameters
    ----------
    before, after : Line or None
        Its neighbours on the board.
    code : tuple of Markup
        Its lines; none where the file is not there.
    weak : tuple of Weak
        Its slices, the worst first.
    lacks_slices : bool
        Whether there are none because its predictions are not here.
    """

    board: Leaderboard
    line: Line
    before: Line | None
    after: Line | None
    paragraphs: tuple[str, ...]
    code: tuple[Markup, ...]
    folds: tuple[ByFold, ...]
    strip: Strip | None
    clusters: tuple[tuple[str, float | None, float | None], ...]
    n_clusters: int
    matrix: tuple[tuple[str, tuple[Cell, ...]], ...]
    confusions: tuple[tuple[str, str, Cell], ...]
    plots: tuple[Plot, ...]
    weak: tuple[Weak, ...]
    lacks_slices: bool
    failures: tuple[FailureGroup, ...]


def solution_page(
    contest: Contest, line: Line, neighbours: tuple[Line | None, Line | None], clusters: ByCluster | None
) -> SolutionPage:
    """Return what the page of a solution shows."""
    board, result = contest.board, line.row.result
    text = contest.sources.get(line.row.name)
    compared = _by_cluster(board, line, clusters)
    return SolutionPage(
        board=board,
        line=line,
        before=neighbours[0],
        after=neighbours[1],
        paragraphs=tuple(paragraphs(result.solution.docstring)),
        code=tuple(source.lines(text)) if text else (),
        folds=_folds(board, line),
        strip=strip([own for _, own, _ in compared], [middle for _, _, middle in compared]),
        clusters=compared,
        n_clusters=clusters.n_all if clusters else 0,
        matrix=matrix(result),
        confusions=confusions(result),
        plots=plots(result, board.definition.cv.n_repeats),
        weak=weak_slices(board, line.row.name, contest.slices) if line.row.rank else (),
        lacks_slices=line.row.name in contest.slices.missing,
        failures=tuple(failure_groups(line.row, board.definition.limits, board.definition.cv.n_repeats)),
    )


def paragraphs(text: str) -> list[str]:
    """Split a docstring at its empty lines, each paragraph on one line; very long ones are cut short."""
    cut = text if len(text) <= MAX_LETTERS else text[:MAX_LETTERS].rstrip() + " …"
    return [words for part in re.split(r"\n\s*\n", cut) if (words := clean(part))]


def _folds(board: Leaderboard, line: Line) -> tuple[ByFold, ...]:
    definition = board.definition
    known = [[s for s in fold_scores(row.result, definition) if s is not None] for row in board.rows]
    # One axis for every solution, so that pages compare.
    scale = score_scale([scores for scores in known if scores], bounded=definition.primary.greater_is_better)
    heads, scores = fold_heads(definition), fold_scores(line.row.result, definition)
    places = [(repeat, fold) for repeat in range(definition.cv.n_repeats) for fold in range(definition.cv.n_splits)]
    trials = {(trial.repeat, trial.fold): trial for trial in folds(line.row.result)}
    single = [trials.get(place) for place in places] if len(places) == len(heads) else [None] * len(heads)
    return tuple(
        ByFold(head, score, bar(scale, score), trial) for head, score, trial in zip(heads, scores, single, strict=True)
    )


def _by_cluster(
    board: Leaderboard, line: Line, clusters: ByCluster | None
) -> tuple[tuple[str, float | None, float | None], ...]:
    """Return name, own score and that of the median solution of each cluster, those of bins by rising score."""
    own = clusters.scores.get(line.row.name) if clusters else None
    if clusters is None or own is None:
        return ()
    together = list(zip(map(clean, clusters.names), own, clusters.middle, strict=True))
    if board.definition.ranking.cluster != "day":
        together.sort(key=lambda one: (one[1] is None, one[1] or 0.0))
    return tuple(together)
