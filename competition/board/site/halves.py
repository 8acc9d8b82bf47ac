"""Public against private scores: a square in which both halves agree on the diagonal, and how far the order moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from competition.board.labels import Box, Label, Point, place_labels, rank_only
from competition.board.row import Row
from competition.board.scale import Scale, score_scale, score_ticks
from competition.board.site.figures import Tick
from competition.board.table import Leaderboard

SCATTER = 380  # pixels of the side of the square


@dataclass(frozen=True)
class Scatter:
    """Public against private scores, in a square of `SCATTER` pixels, and how far the order moves."""

    points: tuple[Point, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Tick, ...]
    moved: str


def scatter(board: Leaderboard) -> Scatter | None:
    """Place the solutions whose scores on both halves are shown; None with fewer than two."""
    rows = [row for row in board.ranked if row.heldout_public is not None and row.heldout_private is not None]
    better = board.definition.primary.greater_is_better
    both = [[row.heldout_public or 0.0, row.heldout_private or 0.0] for row in rows]
    scale = score_scale(both, bounded=better)
    if scale is None or len(rows) < 2:
        return None
    room = scale.padded(0.04)
    points = [_scatter_point(row, room) for row in rows]
    frame = Box(2, 2, SCATTER - 2, SCATTER - 2)
    return Scatter(
        points=tuple(points),
        labels=tuple(place_labels(points, [], frame, rank_only)),
        ticks=tuple(Tick(round(SCATTER * room.share(value), 1), text) for value, text in score_ticks(scale)),
        moved=_moved(rows, better),
    )


def _scatter_point(row: Row, scale: Scale) -> Point:
    public, private = row.heldout_public or 0.0, row.heldout_private or 0.0
    beyond = not (scale.holds(public) and scale.holds(private))
    x, y = (round(SCATTER * scale.share(value), 1) for value in (public, private))
    return Point(row, x, SCATTER - y, beyond, row.rank == 1)


def _moved(rows: Sequence[Row], greater_is_better: bool) -> str:
    sign = -1.0 if greater_is_better else 1.0
    public = _places([sign * (row.heldout_public or 0.0) for row in rows])
    private = _places([sign * (row.heldout_private or 0.0) for row in rows])
    moves = [abs(one - other) for one, other in zip(public, private, strict=True)]
    if not any(moves):
        return "Both halves put the solutions in the same order."
    return (
        f"From the order of the public half to that of the private half a solution moves {fmean(moves):.1f} places "
        f"on average, {max(moves)} at most."
    )


def _places(losses: Sequence[float]) -> list[int]:
    """Place of each from 1, equal ones alike."""
    rising = sorted(losses)
    return [1 + rising.index(loss) for loss in losses]
