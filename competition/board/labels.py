"""Where the names of the solutions stand on a chart, so that none covers another one or a point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from competition.board.row import Row
from competition.text import clean

FONT_SIZE = 12
# Wider than a letter of the common sans-serif fonts is on average, so that the boxes hold in each of them.
LETTER_WIDTH = 0.6 * FONT_SIZE
MAX_LETTERS = 30


@dataclass(frozen=True)
class Box:
    """A rectangle that a label or a point takes up, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)

    def within(self, frame: "Box") -> bool:
        """Whether it lies inside a frame."""
        inside = self.left >= frame.left and self.right <= frame.right
        return inside and self.top >= frame.top and self.bottom <= frame.bottom


@dataclass(frozen=True)
class Point:
    """A solution on the chart, in pixels."""

    row: Row
    x: float
    y: float
    beyond: bool
    front: bool

    @property
    def box(self) -> Box:
        """What its mark takes up."""
        return Box(self.x - 5, self.y - 5, self.x + 5, self.y + 5)


@dataclass(frozen=True)
class Label:
    """A text and where its line stands, in pixels; `x` is its start, middle or end, as `anchor` says."""

    text: str
    x: float
    baseline: float
    anchor: Literal["start", "middle", "end"]
    front: bool

    @property
    def box(self) -> Box:
        """What it takes up."""
        width = LETTER_WIDTH * len(self.text)
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * width
        return Box(left, self.baseline - 0.85 * FONT_SIZE, left + width, self.baseline + 0.25 * FONT_SIZE)


def name_or_rank(row: Row) -> list[str]:
    """Return what a solution may be labelled with, the best first."""
    name = clean(row.name)
    return [name if len(name) <= MAX_LETTERS else name[: MAX_LETTERS - 1] + "…", *rank_only(row)]


def rank_only(row: Row) -> list[str]:
    """Return the rank as the only label."""
    return [str(row.rank)]


def place_labels(
    points: list[Point], lines: list[Box], frame: Box, texts: Callable[[Row], list[str]] = name_or_rank
) -> list[Label]:
    """Name the solutions: those on the front first, then by rank.

    Where a name would cover a point, another label or an end of the figure, the rank stands instead, and where that
    would too, nothing: each point tells its name on hovering. Of the free places the first that crosses the fewest
    lines is taken.
    """
    labels: list[Label] = []
    taken = [point.box for point in points]
    for point in sorted(points, key=lambda point: not point.front):
        for text in texts(point.row):
            places = [label for label in _places(point, text) if _is_free(label.box, taken, frame)]
            if places:
                label = min(places, key=lambda label: sum(label.box.meets(line) for line in lines))
                labels.append(label)
                taken.append(label.box)
                break
    return labels


def _places(point: Point, text: str) -> Iterator[Label]:
    beside, above, below = point.y + 4, point.y - 7, point.y + 15
    for baseline in (beside, above, below):
        yield Label(text, point.x + 8, baseline, "start", point.front)
        yield Label(text, point.x - 8, baseline, "end", point.front)
    for baseline in (above - 2, below + 2):
        yield Label(text, point.x, baseline, "middle", point.front)


def _is_free(box: Box, taken: list[Box], frame: Box) -> bool:
    return box.within(frame) and not any(box.meets(other) for other in taken)
