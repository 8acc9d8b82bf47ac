"""The critical-difference diagram of an overall board, drawn by scikit-posthocs where that is installed."""

import io
from typing import Any

from competition.board.overall import OverallBoard

EXTRA = "pip install 'podium[overall]'"
ROW_INCHES = 0.22
MOST = 60  # solutions that a picture has room for


def can_draw() -> bool:
    """Whether scikit-posthocs is installed."""
    from importlib.util import find_spec

    return find_spec("scikit_posthocs") is not None


def diagram_note(board: OverallBoard) -> str:
    """Why there is no diagram; empty where one can be drawn."""
    if board.difference is None:
        return board.difference_note
    if len(board.rows) > MOST:
        return f"No critical-difference diagram: {len(board.rows)} solutions are more than the {MOST} that it can show."
    return "" if can_draw() else f"No critical-difference diagram: it takes scikit-posthocs ({EXTRA})."


def diagram(board: OverallBoard) -> str | None:
    """Draw mean ranks on an axis, the best on the left, and bars that join what is not told apart (Demšar 2006).

    Returns
    -------
    str or None
        SVG, the same for the same board; None where `diagram_note` tells why not.
    """
    difference = board.difference
    if difference is None or diagram_note(board):
        return None
    import matplotlib
    import pandas as pd
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from scikit_posthocs import critical_difference_diagram

    names = board.labels
    settings: dict[Any, Any] = {"svg.hashsalt": "podium", "svg.fonttype": "none", "font.size": 9}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(9, 1.4 + ROW_INCHES * len(names) * 0.75), layout="constrained")
        FigureCanvasSVG(figure)
        critical_difference_diagram(
            pd.Series([row.mean_rank for row in board.rows], index=names),
            pd.DataFrame(difference.p_values, index=names, columns=names),
            ax=figure.add_subplot(),
            label_fmt_left="{label} ({rank:.1f})",
            label_fmt_right="({rank:.1f}) {label}",
            elbow_props={"color": "#777777", "linewidth": 0.8},
            marker_props={"color": "#0757ba", "s": 18},
            crossbar_props={"color": "#1c2127"},
        )
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
