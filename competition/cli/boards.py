"""`podium leaderboard` and `site`: the boards, without a fit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from competition.cli.common import (
    Json,
    Slug,
    board_of,
    definition_of,
    err,
    print_board,
    record_board,
    solution_paths,
    this_repository,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.board.site import Contest
    from competition.repository import Repository

RECORD = "Rebuild leaderboard/SLUG/ from the results, without a fit."

Rebuild = Annotated[bool, typer.Option("--record", help=RECORD)]
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; one that it wrote goes.")]


def leaderboard(slug: Slug, record: Rebuild = False, as_json: Json = False) -> None:
    """Print the board, made from the recorded results and from local ones, which go before."""
    from competition.manifest import current_manifest

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    board = board_of(repository, definition, manifest)
    if not board.rows and not board.stale:
        raise PodiumError(f"'{definition.slug}' has no results yet", f"run `podium run {definition.slug}`")
    if record:
        record_board(repository, definition, manifest)
    print_board(board, as_json)


def site(output: Folder) -> None:
    """Write the boards of all competitions as a static site; it opens from a disk and fetches nothing."""
    from competition.board.site import render
    from competition.board.site.writing import check_site_target, write_site

    repository = this_repository()
    check_site_target(output)
    n_pages = write_site(output, render([_contest(repository, slug) for slug in repository.slugs]))
    err.print(f"wrote {n_pages} pages to {output}; open {output / 'index.html'}", highlight=False, markup=False)


def _contest(repository: "Repository", slug: str) -> "Contest":
    from competition.board.site import Contest
    from competition.board.site.source import read_evaluated
    from competition.board.table import with_pairs
    from competition.manifest import current_manifest

    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    board = with_pairs(board_of(repository, definition, manifest))
    paths = solution_paths(repository, definition, manifest)
    read = {row.name: read_evaluated(paths[row.name], row.result.provenance.solution_file) for row in board.rows}
    return Contest(board, {name: text for name, text in read.items() if text is not None})
