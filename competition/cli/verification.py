"""`podium verify`: whether committed results hold."""

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
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
from competition.repository import temporary_folder

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.evaluation.falls import Fall
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
    from competition.result_files import read_results

    if redraw and part is not None:
        raise PodiumError(
            "--part: a part is not drawn anew, since solutions are compared with each other",
            "allowed: one of --part and --redraw",
        )
    repository = this_repository()
    definition = definition_of(repository, slug)
    check_jobs(jobs)
    manifest = manifest_of(repository, definition)
    folder = repository.leaderboard(definition.slug) / "results"
    committed, broken = read_results(folder)
    for name, why in broken.items():
        told = f"{repository.relative(folder / name)}.json {why}"
        err.print(told, style="yellow", markup=False, highlight=False, soft_wrap=True)
    asked = _Asked(repository, definition, manifest, committed, tuple(solutions or ()), jobs, isolation, as_json)
    holds = _holds_on_another_draw(asked) if redraw else _holds_as_committed(asked, part)
    # Where solutions are named, one without a usable result is among those that do not hold.
    if not holds or (broken and not solutions):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Asked:
    """What is to be verified, and how; no names for all solutions."""

    repository: "Repository"
    definition: "Competition"
    manifest: "Manifest"
    committed: "Mapping[str, Result]"
    names: tuple[str, ...]
    jobs: int | None
    isolation: str | None
    as_json: bool


# --- as committed ---


def _holds_as_committed(asked: _Asked, part: str | None) -> bool:
    """Evaluate again, and print how that compares with the committed results."""
    from competition.evaluation.verify import compare

    definition, committed = asked.definition, asked.committed
    if not committed:
        raise PodiumError(f"'{definition.slug}' has no committed results to verify", "`podium run --record` makes them")
    names = _part_of(list(asked.names) or _standing(asked), part)
    if not names:
        err.print("there is nothing to verify in this part", highlight=False)
        return True
    entries = entries_of(asked.repository, definition, asked.manifest, names)
    with ExitStack() as stack:
        executor = machine_of(stack, asked.jobs, asked.isolation, None)(definition).start(entries)

        from competition.dataset import read_prepared
        from competition.evaluation.engine import Earlier
        from competition.progress import expected_seconds

        prepared = read_prepared(asked.repository, definition)
        earlier = Earlier(seconds=expected_seconds(committed.values()))
        made = list(evaluated(prepared, entries, executor, earlier, "verifying"))
    compared = sorted((compare(committed.get(one.solution.name), one) for one in made), key=lambda one: one.name)
    if asked.as_json:
        print_json([asdict(one) for one in compared])
    else:
        _print_comparisons(compared, definition)
    return all(one.verdict in HOLDS for one in compared)


def _standing(asked: _Asked) -> list[str]:
    """Names of the committed results that are not stale, and whose solution is still there."""
    from competition.result_files import Collected

    repository, definition, manifest, committed = asked.repository, asked.definition, asked.manifest, asked.committed
    collected = Collected(tuple(committed.values()), {}, {})
    # What another version of the harness made is what there is to verify.
    stale = dict(board_of(repository, definition, manifest, collected, of_any_harness=True).stale)
    for name in sorted(committed.keys() & stale.keys()):
        err.print(f"left out: {name}: {stale[name]}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    paths = solution_paths(repository, definition, manifest)
    return [name for name in sorted(committed) if name not in stale and name in paths]


def _part_of(names: list[str], part: str | None) -> list[str]:
    from competition.evaluation.verify import part as part_of

    if part is None:
        return names
    numbers = re.fullmatch(r"(\d+)/(\d+)", part)
    if numbers is None:
        raise PodiumError(f"--part: found '{part}'; allowed: I/N, such as 1/8")
    return part_of(names, int(numbers[1]), int(numbers[2]))


def _print_comparisons(compared: "Iterable[Comparison]", definition: "Competition") -> None:
    from competition.board.numbers import number
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


# --- on another draw ---


def _holds_on_another_draw(asked: _Asked) -> bool:
    """Draw the data anew, evaluate, and print who fell."""
    from competition.evaluation.falls import fell, lacking, unsaid
    from competition.evaluation.redraw import SEEDS
    from competition.evaluation.redraw import redraw as draw_anew

    repository, definition, manifest = asked.repository, asked.definition, asked.manifest
    paths = solution_paths(repository, definition, manifest)
    standing = {
        name: result
        for name, result in asked.committed.items()
        if name in paths and (result.provenance.rules, result.provenance.data) == (definition.rules, manifest.data)
    }
    names = list(asked.names) or sorted(standing)
    committed = [standing[name] for name in names if name in standing]
    if why := lacking(committed, definition):
        raise PodiumError(f"--redraw: nothing can be said of who falls: on the committed data {why}")
    entries = entries_of(repository, definition, manifest, names)
    with ExitStack() as stack:
        executor = machine_of(stack, asked.jobs, asked.isolation, None)(definition).start(entries)

        from competition.evaluation.engine import Earlier
        from competition.progress import expected_seconds

        folder = stack.enter_context(temporary_folder("podium-redraw-"))
        prepared = draw_anew(repository, definition, secrets.randbelow(SEEDS), folder)
        earlier = Earlier(seconds=expected_seconds(committed))
        made = list(evaluated(prepared, entries, executor, earlier, "verifying on another draw"))
    falls = fell(committed, made, definition)
    if asked.as_json:
        print_json([asdict(one) for one in falls])
    else:
        _print_falls(falls)
    found = any(one.fell for one in falls)
    why = unsaid(committed, made, definition)
    if why and not found:
        raise PodiumError(f"--redraw: nothing can be said of who fell: {why}")
    if not asked.as_json:
        out.print(f"{definition.slug}, drawn anew: {_summary(falls, why)}", highlight=False, soft_wrap=True)
    return not found


def _print_falls(falls: "Iterable[Fall]") -> None:
    from competition.board.numbers import number

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("#", "solution", "committed", "# anew", "anew", "expected", ""):
        table.add_column(column, justify="left" if column in ("solution", "") else "right")
    for one in falls:
        expected = f"{one.interval.low:.4f}–{one.interval.high:.4f}" if one.interval else "–"
        places = [str(place) if place else "–" for place in (one.committed_rank, one.rank)]
        scores = [number(one.committed_score), number(one.score)]
        table.add_row(
            places[0], one.name, scores[0], places[1], scores[1], expected, Text("fell" if one.fell else "", "red")
        )
    out.print(table)


def _summary(falls: "Sequence[Fall]", why: str) -> str:
    n_fell = sum(one.fell for one in falls)
    told = (
        f"of the others nothing can be said: {why}"
        if why
        else "expected: where an honest solution lies on the new draw"
    )
    return f"{n_fell} of {len(falls)} fell; {told}"
