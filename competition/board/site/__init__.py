"""The boards of a repository as a static site: every page stands alone, fetches nothing, and reads without a script."""

from competition.board.site.pages import Contest
from competition.board.site.render import render

__all__ = ["Contest", "render"]
