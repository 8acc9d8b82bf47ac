"""`podium leaderboard` and `site`: the boards, without a fit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from competition.cli.common import (
    Json,
    OptionalSlug,
    board_of,
    definition_of,
    err,
    out,
    print_board,
    print_json,
    record_all_boards,
    record_board,
    solution_paths,
    this_repository,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from competition.board.blends import Blending
    from competition.board.site import Contest
    from competition.board.site.audit import AuditPage
    from competition.board.table import Leaderboard
    from competition.manifest import Manifest
    from competition.repository import Repository

RECORD = "Rebuild leaderboard/SLUG/ and leaderboard/README.md from the results, without a fit."
OVERALL = "All competitions on one board: mean rank and win rate of the solutions that they share."

Rebuild = Annotated[bool, typer.Option("--record", help=RECORD)]
Overall = Annotated[bool, typer.Option("--overall", help=OVERALL)]
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; one that it wrote goes.")]


def leaderboard(
    slug: OptionalSlug = None, overall: Overall = False, record: Rebuild = False, as_json: Json = False
) -> None:
    """Print the board, made from the recorded results and from local ones, which go before."""
    from competition.manifest import current_manifest

    repository = this_repository()
    if overall:
        _overall(repository, slug, record, as_json)
        return
    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    board = board_of(repository, definition, manifest, from_cache=True)
    has_feedback = board.published is not None and (board.published.feedback or board.published.closed)
    if not board.rows and not board.stale and not has_feedback:
        raise PodiumError(f"'{definition.slug}' has no results yet", f"run `podium run {definition.slug}`")
    if record:
        record_board(repository, definition, manifest)
    print_board(board, as_json)


def _overall(repository: "Repository", slug: str | None, record: bool, as_json: bool) -> None:
    """Print the board of all competitions together."""
    from competition.board.overall import overall_board
    from competition.board.overall_terminal import render, to_content
    from competition.manifest import current_manifest

    if slug is not None:
        raise PodiumError(f"--overall is about all competitions; allowed: one of --overall and '{slug}'")
    boards = []
    for name in repository.slugs:
        definition = definition_of(repository, name)
        boards.append(board_of(repository, definition, current_manifest(repository, definition)))
    board = overall_board(boards)
    if record:
        record_all_boards(repository)
    if as_json:
        print_json(to_content(board))
    else:
        out.print(render(board))


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
    from competition.board.slices import slices_of
    from competition.board.table import with_pairs
    from competition.manifest import current_manifest

    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    board = with_pairs(board_of(repository, definition, manifest))
    paths = solution_paths(repository, definition, manifest)
    read = {row.name: read_evaluated(paths[row.name], row.result.provenance.solution_file) for row in board.rows}
    sources = {name: text for name, text in read.items() if text is not None}
    blending = _blending(repository, manifest, board, paths)
    audit = _audit(repository, board, manifest)
    return Contest(board, sources, blending, slices_of(repository, board, sources), audit)


def _audit(repository: "Repository", board: "Leaderboard", manifest: "Manifest | None") -> "AuditPage | None":
    """Read what is recorded of an audit; one that cannot be read has no page."""
    from competition.audit.record import read_record
    from competition.board.site.audit import audit_page

    try:
        record = read_record(repository, board.slug)
    except PodiumError as error:
        err.print(f"no page of an audit: {error}", highlight=False, markup=False, soft_wrap=True)
        return None
    if record is None:
        return None
    return audit_page(record, board, (manifest.data, manifest.split) if manifest else None)


def _blending(
    repository: "Repository", manifest: "Manifest | None", board: "Leaderboard", paths: "Mapping[str, Path]"
) -> "Blending | None":
    """Look for solutions that complement each other, where data and predictions are here."""
    if manifest is None or len(board.ranked) < 2 or not repository.cache.is_dir():
        return None
    from competition.board.blends import blending
    from competition.dataset import read_prepared
    from competition.evaluation.cache import TrialCache
    from competition.solution import read_solution

    solutions = {row.name: read_solution(paths[row.name]) for row in board.ranked}
    return blending(board, read_prepared(repository, board.definition), solutions, TrialCache(repository.cache))
