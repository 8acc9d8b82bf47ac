"""What several commands say, take and do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.board.table import Leaderboard
    from competition.definition import Competition
    from competition.manifest import Manifest
    from competition.repository import Repository
    from competition.result_files import Collected

out = Console()
err = Console(stderr=True)

DEFAULT_SLUG = "The competition; the repository's default one if not given."
ISOLATION = "namespaces, kernel or none; the strongest that this machine holds if not given (podium doctor)."
KEYS = "Folder outside the repository with the keys of sealed competitions, each in a folder of its name."

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The competition.", show_default=False)]
OptionalSlug = Annotated[str | None, typer.Argument(metavar="SLUG", help=DEFAULT_SLUG, show_default=False)]
SolutionNames = Annotated[list[str] | None, typer.Argument(metavar="SOLUTION", help="All if none is named.")]
Keys = Annotated[Path | None, typer.Option("--keys", envvar="PODIUM_KEYS", metavar="DIR", help=KEYS)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Isolation = Annotated[str | None, typer.Option(metavar="LEVEL", help=ISOLATION)]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", help="Trials at a time; as many as the cores hold if not given.")
]


def this_repository() -> "Repository":
    """Find the repository that the user stands in."""
    from competition.repository import Repository

    return Repository.find()


def definition_of(repository: "Repository", slug: str | None) -> "Competition":
    """Read the rules of a competition, the default one for None."""
    from competition.definition import read_competition

    return read_competition(repository.data(repository.require(slug)) / "competition.toml")


def features_of(definition: "Competition", manifest: "Manifest | None") -> list[str]:
    """Names of the feature columns, as far as they are known."""
    return [column.name for column in manifest.columns] if manifest else list(definition.data.features or ())


def solution_paths(
    repository: "Repository", definition: "Competition", manifest: "Manifest | None"
) -> "dict[str, Path]":
    """Files of the entries, by name."""
    from competition.solution import find_solutions

    return find_solutions(repository, definition, features_of(definition, manifest))


def board_of(
    repository: "Repository",
    definition: "Competition",
    manifest: "Manifest | None",
    collected: "Collected | None" = None,
    *,
    of_any_harness: bool = False,
    from_cache: bool = False,
) -> "Leaderboard":
    """Rank the results that are there, or that were read already.

    Parameters
    ----------
    of_any_harness : bool
        Whether results of any version of the harness will do.
    from_cache : bool
        Whether what was inferred from the same results before will do: to show a board, not to record one.
    """
    from competition.board.table import build
    from competition.evaluation.sources import this_harness
    from competition.ranking.inference import infer_from
    from competition.ranking.inference_cache import cached_in
    from competition.result_files import collect_results
    from competition.solution import source_fingerprint

    paths = solution_paths(repository, definition, manifest)
    plain = {name: path for name, path in paths.items() if path.is_file() and not path.is_symlink()}
    sources = {name: source_fingerprint(path.read_bytes()) for name, path in plain.items()}
    collected = collected or collect_results(repository, definition.slug)
    harness = None if of_any_harness else this_harness()
    infer = cached_in(repository.inference(definition.slug)) if from_cache else infer_from
    board = build(definition, collected.results, manifest, sources, collected.unreadable, harness, infer)
    if not definition.is_sealed:
        return board

    from competition.board.heldout import with_published
    from competition.feedback.published import read_published

    return with_published(board, read_published(repository, definition.slug))


def record_board(repository: "Repository", definition: "Competition", manifest: "Manifest | None") -> None:
    """Write the board into the repository."""
    from competition.board.files import record

    folder = repository.leaderboard(definition.slug)
    record(board_of(repository, definition, manifest), folder)
    err.print(f"wrote {repository.relative(folder)}/", highlight=False, markup=False)
    record_all_boards(repository)


def record_all_boards(repository: "Repository") -> None:
    """Write the list of boards and the overall one, from recorded results alone."""
    from competition.board.overall_files import record_overall
    from competition.manifest import current_manifest
    from competition.result_files import Collected, read_results

    boards = []
    for slug in repository.slugs:
        definition = definition_of(repository, slug)
        recorded, broken = read_results(repository.leaderboard(slug) / "results")
        collected = Collected(tuple(recorded.values()), broken, {})
        boards.append(board_of(repository, definition, current_manifest(repository, definition), collected))
    folder = repository.root / "leaderboard"
    record_overall(boards, folder)
    err.print(f"wrote {repository.relative(folder / 'README.md')}", highlight=False, markup=False)


def print_board(board: "Leaderboard", as_json: bool) -> None:
    """Print the board for a person or a program."""
    if as_json:
        from competition.board.files import to_json

        print(to_json(board), end="")
        return
    from competition.board.terminal import render

    out.print(render(board, out))


def print_json(content: Any) -> None:
    """Print JSON for a program."""
    print(json.dumps(content, indent=1, ensure_ascii=False))


def check_jobs(jobs: int | None) -> None:
    """Refuse a number of jobs that makes no sense."""
    if jobs is not None and jobs < 1:
        raise PodiumError(f"--jobs: found {jobs}; allowed: 1 or more")
