"""Every page of a board as one text."""

from competition.board.site import Contest
from competition.board.site import render as render_site
from competition.board.table import Leaderboard


def render(board: Leaderboard) -> str:
    """Return all the pages, one after the other."""
    return "\n".join(text for _, text in render_site([Contest(board, {})]))
