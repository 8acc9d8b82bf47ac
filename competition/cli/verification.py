"""`podium verify`: whether committed results hold."""

import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from competition.cli.common import (
    Isolation,
    Jobs,
    Json,
    OptionalSlug,
    SolutionNames,
    board_of,
    check_jobs,
    definition_of,
    err,
    out,
    print_json,
    solution_paths,
    this_repository,
)
from competition.cli.trials import entries_of, evaluated, machine_of, manifest_of
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.evaluation.redraw import Fall
    from competition.evaluation.verify import Comparison
    from competition.manifest import Manifest
    from competition.repository import Repository
    from competition.results import Result

PART = "Only every N-th solution, beginning with the I-th: CI verifies another part each day."
REDRAW = "Draw a synthetic competition anew with a secret seed, rank again, and show who fell."
HOLDS = ("identical", "within tolerance")

Part = Annotated[str | None, typer.Option(metavar="I/N", help=PART)]
Redraw = Annotated[bool, typer.Option("--redraw", help=REDRAW)]


def verify(
    slug: OptionalSlug = None,
    solutions: SolutionNames = None,
    part: Part = None,
    redraw: Redraw = False,
    jobs: Jobs = None,
    isolation: Isolation = None,
    as_json: Json = False,
) -> None:
    """Evaluate again, without the cache, and compare with the committed results.

    Predictions are identical where the child's sources, packages and numerics are; elsewhere scores agree within a
    stated tolerance, or the solution has drifted, and what differs is told. Exit code 1 if one does not hold.
    """
    from competition.evaluation.verify import compare
    from competition.results import Collected, read_results

    repository = this_repository()
    definition = definition_of(repository, slug)
    check_jobs(jobs)
    manifest = manifest_of(repository, definition)
    folder = repository.leaderboard(definition.slug) / "results"
    committed, broken = read_results(folder)
    for name, why in broken.items():
        err.print(f"{repository.relative(folder / name)}.json {why}", style="yellow", markup=False, highlight=False)
    if redraw:
        _verify_on_another_draw(repository, definition, committed, solutions or [], jobs, isolation, as_json)
        return
    if not committed:
        raise PodiumError(f"'{definition.slug}' has no committed results to verify", "`podium run --record` makes them")
    collected = Collected(tuple(committed.values()), {}, {})
    stale = dict(board_of(repository, definition, manifest, collected).stale)
    standing = sorted(name for name in committed if name not in stale)
    for name in sorted(committed.keys() & stale.keys()):
        err.print(f"left out: {name}: {stale[name]}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    names = _part_of(solutions or _still_there(standing, repository, definition, manifest), part)
    if not names:
        err.print("there is nothing to verify in this part", highlight=False)
        return
    entries = entries_of(repository, definition, manifest, names)
    with ExitStack() as stack:
        executor = machine_of(stack, definition, jobs, isolation, None)().start(entries)

        from competition.dataset import read_prepared

        prepared = read_prepared(repository, definition)
        made = list(evaluated(prepared, entries, executor, None, committed.values()))
    compared = sorted((compare(committed.get(one.solution.name), one) for one in made), key=lambda one: one.name)
    if as_json:
        print_json([asdict(one) for one in compared])
    else:
        _print_comparisons(compared, definition)
    if any(one.verdict not in HOLDS for one in compared):
        raise typer.Exit(1)


def _still_there(
    names: "Iterable[str]", repository: "Repository", definition: "Competition", manifest: "Manifest"
) -> list[str]:
    """Leave out results whose solution has been removed."""
    paths = solution_paths(repository, definition, manifest)
    return [name for name in names if name in paths]


def _part_of(names: list[str], part: str | None) -> list[str]:
    from competition.evaluation.verify import part as part_of

    if part is None:
        return names
    numbers = re.fullmatch(r"(\d+)/(\d+)", part)
    if numbers is None:
        raise PodiumError(f"--part: found '{part}'; allowed: I/N, such as 1/8")
    return part_of(names, int(numbers[1]), int(numbers[2]))


def _verify_on_another_draw(
    repository: "Repository",
    definition: "Competition",
    committed: "Mapping[str, Result]",
    names: list[str],
    jobs: int | None,
    isolation: str | None,
    as_json: bool,
) -> None:
    from competition.evaluation.redraw import MIN_SOLUTIONS, SEEDS, fell
    from competition.evaluation.redraw import redraw as draw_anew

    manifest = manifest_of(repository, definition)
    standing = {
        name: result
        for name, result in committed.items()
        if (result.provenance.rules, result.provenance.data) == (definition.rules, manifest.data)
    }
    if len(standing) < MIN_SOLUTIONS or (names and len(names) < MIN_SOLUTIONS):
        told = f"{len(names) if names else len(standing)} solutions with a committed result on this data"
        raise PodiumError(f"--redraw: found {told}; allowed: {MIN_SOLUTIONS} or more, since they are compared")
    entries = entries_of(repository, definition, manifest, names or sorted(standing))
    with ExitStack() as stack:
        executor = machine_of(stack, definition, jobs, isolation, None)().start(entries)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="podium-redraw-"))
        prepared = draw_anew(repository, definition, secrets.randbelow(SEEDS), Path(folder))
        made = list(evaluated(prepared, entries, executor, None, standing.values()))
    falls = fell(list(standing.values()), made, definition)
    if as_json:
        print_json([asdict(one) for one in falls])
    else:
        _print_falls(falls, definition)
    if any(one.fell for one in falls):
        raise typer.Exit(1)


def _print_comparisons(compared: "Iterable[Comparison]", definition: "Competition") -> None:
    from competition.board.table import number
    from competition.evaluation.verify import TOLERANCE

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("solution", "committed", "now", "verdict"):
        table.add_column(column, justify="right" if column in ("committed", "now") else "left")
    compared = list(compared)
    for one in compared:
        style = "green" if one.verdict == "identical" else "yellow" if one.verdict in HOLDS else "red"
        table.add_row(one.name, number(one.committed_score), number(one.score), Text(one.verdict, style))
    out.print(table)
    for one in compared:
        for line in one.differs:
            out.print(f"{one.name}: {line}", highlight=False, markup=False, soft_wrap=True)
    counts = Counter(one.verdict for one in compared)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    out.print(f"{definition.slug}: {told}; the tolerance is {TOLERANCE:g} of every score", highlight=False)


def _print_falls(falls: "Iterable[Fall]", definition: "Competition") -> None:
    from competition.board.table import number

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("#", "solution", "committed", "# anew", "anew", "expected", ""):
        table.add_column(column, justify="left" if column in ("solution", "") else "right")
    falls = list(falls)
    for one in falls:
        expected = f"{one.interval.low:.4f}–{one.interval.high:.4f}" if one.interval else "–"
        places = [str(place) if place else "–" for place in (one.committed_rank, one.rank)]
        scores = [number(one.committed_score), number(one.score)]
        table.add_row(
            places[0], one.name, scores[0], places[1], scores[1], expected, Text("fell" if one.fell else "", "red")
        )
    out.print(table)
    n_fell = sum(one.fell for one in falls)
    told = "expected: where an honest solution lies on the new draw"
    out.print(f"{definition.slug}, drawn anew: {n_fell} of {len(falls)} fell; {told}", highlight=False)
