"""What the page of a competition shows of pairs that complement each other, and of the best blend."""

from collections.abc import Sequence
from dataclasses import dataclass

from competition.board.blends import Blending, correlation
from competition.board.site.pages import Line


@dataclass(frozen=True)
class PairLine:
    """Two solutions and their blend.

    Parameters
    ----------
    members : tuple
        Each with its score.
    correlation : str
        Of their errors.
    """

    members: tuple[tuple[Line, float], tuple[Line, float]]
    correlation: str
    score: float
    gain: float


@dataclass(frozen=True)
class BlendSection:
    """Pairs and the best blend.

    Parameters
    ----------
    members : tuple of (Line, float)
        Of the best blend, with their weights, the heaviest first.
    """

    blending: Blending
    pairs: tuple[PairLine, ...]
    members: tuple[tuple[Line, float], ...]


def blend_section(blending: Blending | None, lines: Sequence[Line]) -> BlendSection | None:
    """Return what the page shows; None where the predictions of fewer than two solutions are here."""
    if blending is None or len(blending.rows) < 2:
        return None
    by_name = {line.row.name: line for line in lines}
    of_rows = [by_name[row.name] for row in blending.rows]
    return BlendSection(
        blending=blending,
        pairs=tuple(
            PairLine(
                members=((of_rows[pair.first], pair.scores[0]), (of_rows[pair.second], pair.scores[1])),
                correlation=correlation(pair),
                score=pair.blend.score,
                gain=pair.blend.gain,
            )
            for pair in blending.pairs
        ),
        members=tuple((by_name[row.name], weight) for row, weight in blending.members),
    )
