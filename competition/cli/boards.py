"""`podium leaderboard`: the board, without a fit."""

from pathlib import Path
from typing import Annotated

import typer

from competition.cli.common import Json, Slug, board_of, definition_of, print_board, record_board, this_repository
from competition.errors import PodiumError

RECORD = "Rebuild leaderboard/SLUG/ from the results, without a fit."

Rebuild = Annotated[bool, typer.Option("--record", help=RECORD)]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write one self-contained page.")]


def leaderboard(slug: Slug, html: Html = None, record: Rebuild = False, as_json: Json = False) -> None:
    """Print the board, made from the recorded results and from local ones, which go before."""
    from competition.manifest import current_manifest

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    board = board_of(repository, definition, manifest)
    if not board.rows and not board.stale:
        raise PodiumError(f"'{definition.slug}' has no results yet", f"run `podium run {definition.slug}`")
    if html is not None:
        from competition.board.html import render
        from competition.repository import check_target, write_text

        check_target(html)
        write_text(html, render(board))
    if record:
        record_board(repository, definition, manifest)
    print_board(board, as_json)
