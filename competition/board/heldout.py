"""What a board shows of held-out rows whose key is sealed: what was told before closing, the final scores after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from competition.board.numbers import number
from competition.board.row import Row
from competition.board.table import Leaderboard
from competition.definition import Competition
from competition.feedback.published import Closed, Feedback, Final, Published
from competition.text import clean

NO_GAIN = "no gain"
SEALED = "sealed"
AFTER = "–"


def with_published(board: Leaderboard, published: Published) -> Leaderboard:
    """Fill in what the repository has of the held-out scores of a sealed competition."""
    rows = tuple(_filled(row, published, board.definition) for row in board.rows)
    return replace(board, rows=rows, published=published)


def _filled(row: Row, published: Published, definition: Competition) -> Row:
    # What a result may say of them itself counts for nothing.
    row = replace(row, heldout_public=None, heldout_private=None, heldout={})
    predictions = next((trial.predictions for trial in row.result.trials if trial.part == "heldout"), None)
    if published.closed is not None:
        final = published.final(row.name, predictions)
        if final is None:
            return replace(row, heldout_notes=(AFTER, AFTER))
        public, private = (final.scores.get(f"{definition.metric.primary}/{half}") for half in ("public", "private"))
        return replace(row, heldout_public=public, heldout_private=private, heldout=final.scores)
    told = published.told(row.result.solution.authors, predictions)
    if told is None or definition.feedback is None:
        return replace(row, heldout_notes=(SEALED, SEALED))
    if told.release is None:
        return replace(row, heldout_notes=(NO_GAIN, SEALED))
    return replace(row, heldout_public=told.release.score, heldout_notes=(told.release.shown, SEALED))


@dataclass(frozen=True)
class Section:
    """A table of texts below the board, and what is to be said of it."""

    title: str
    note: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def sections(board: Leaderboard) -> Iterator[Section]:
    """Yield what stands below the board of a sealed competition: the looks, or the final scores."""
    published = board.published
    if published is not None and published.closed is not None:
        yield closing_section(published.closed, board.definition)
    elif published is not None and published.feedback is not None and board.definition.feedback is not None:
        yield _looks_section(published.feedback, board.definition)


def _looks_section(feedback: Feedback, definition: Competition) -> Section:
    greater = definition.primary.greater_is_better
    best = sorted(
        feedback.authors,
        key=lambda one: (one.best is None, (-1 if greater else 1) * (one.best.score if one.best else 0), one.author),
    )
    limit = definition.feedback.looks_per_day if definition.feedback else None
    allowed = f" An author has {limit} a day." if limit else ""
    return Section(
        title="Looks at the public score",
        note=f"A public {definition.primary.title} moves only when it is significantly better than the best of its "
        f"authors, and is rounded to its step.{allowed}",
        head=("Author", "Looks", f"Best public {definition.primary.title}", "Step"),
        lines=tuple(
            (
                clean(one.author),
                str(one.looks),
                one.best.shown if one.best else "–",
                f"{one.best.step:g}" if one.best else "–",
            )
            for one in best
        ),
    )


def closing_section(closed: Closed, definition: Competition) -> Section:
    """Return the final scores: public against private, and how much the order moved."""
    told = definition.feedback is not None
    return Section(
        title=f"Closed on {closed.date}: public against private",
        note=_movement(closed),
        head=("#", "Entry", "Authors", f"Private {definition.primary.title}", "Public", "Public #", "Moved")
        + (("Told", "Looks") if told else ("Handed in",)),
        lines=tuple(_final_line(final, definition, told) for final in closed.finals),
    )


def _final_line(final: Final, definition: Competition, told: bool) -> tuple[str, ...]:
    primary = definition.metric.primary
    moved = "–" if not final.moved else f"▼ {final.moved}" if final.moved > 0 else f"▲ {-final.moved}"
    return (
        str(final.private_rank or "–"),
        clean(final.name),
        ", ".join(map(clean, final.authors)),
        number(final.scores.get(f"{primary}/private")),
        number(final.scores.get(f"{primary}/public")),
        str(final.public_rank or "–"),
        moved,
        *((final.release.shown if final.release else NO_GAIN,) if told else ()),
        str(final.looks),
    )


def _movement(closed: Closed) -> str:
    if closed.kendall_tau is None:
        return "The two orders cannot be compared."
    moves = [
        f"{clean(final.title)} from {final.public_rank} to {final.private_rank}" for final in closed.largest_moves()
    ]
    most = f" The largest moves: {', '.join(moves)}." if moves else ""
    return f"Kendall's tau of the public and the private order: {closed.kendall_tau:.2f} (1: the same order).{most}"
