"""`podium run`, `verify` and `submit`: everything that fits solutions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from competition.cli.common import (
    Isolation,
    Jobs,
    Json,
    OptionalSlug,
    Slug,
    SolutionNames,
    board_of,
    check_jobs,
    definition_of,
    err,
    features_of,
    print_board,
    record_board,
    this_repository,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.evaluation.cache import TrialCache
    from competition.evaluation.engine import Executor
    from competition.evaluation.entries import Entry
    from competition.evaluation.surroundings import Surroundings
    from competition.manifest import Manifest
    from competition.repository import Repository
    from competition.results import Result

ROWS = "heldout: fitted on train. unlabelled: fitted on every labelled row, ready to upload."
CLUSTER = "A dask scheduler, tcp://HOST:PORT, or local:N for N worker processes here."
PART = "Only every N-th solution, beginning with the I-th: CI verifies another part each day."
WITHOUT_ISOLATION = "solutions can reach the labels and the network; `podium doctor` tells what would hold them"
REDRAW = "Draw a synthetic competition anew with a secret seed, rank again, and show who fell."

SolutionName = Annotated[str, typer.Argument(metavar="SOLUTION", help="Name of the solution.", show_default=False)]
Record = Annotated[bool, typer.Option("--record", help="Write leaderboard/SLUG/ too.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ignore what earlier runs left: fit everything.")]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help=CLUSTER)]
Part = Annotated[str | None, typer.Option(metavar="I/N", help=PART)]
Redraw = Annotated[bool, typer.Option("--redraw", help=REDRAW)]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE.csv", help="File to write.")]
Rows = Annotated[Literal["heldout", "unlabelled"], typer.Option(help=ROWS)]


def run(
    slug: OptionalSlug = None,
    solutions: SolutionNames = None,
    jobs: Jobs = None,
    isolation: Isolation = None,
    cluster: Cluster = None,
    fresh: Fresh = False,
    record: Record = False,
    as_json: Json = False,
) -> None:
    """Evaluate solutions, keep their results under .podium/, and print the board.

    What an earlier run has evaluated under the same conditions is not fitted again.
    """
    from competition.results import collect_results, write_result

    repository = this_repository()
    definition = definition_of(repository, slug)
    check_jobs(jobs)
    cache = _cache(repository)
    manifest = _manifest(repository, definition)
    entries = _entries(repository, definition, manifest, solutions or [])
    results: dict[str, Result] = {}
    interrupted = False
    with ExitStack() as stack:
        machine = _machine(stack, definition, jobs, isolation, cluster)
        if not fresh:
            results = _standing(repository, definition, manifest, entries, machine.surroundings)
        todo = [entry for entry in entries if entry.program.name not in results]
        if todo:
            earlier = collect_results(repository, definition.slug).results
            try:
                for result in _evaluated(repository, definition, todo, machine.start(todo), cache, earlier, fresh):
                    write_result(result, repository.local_results(definition.slug))
                    results[result.solution.name] = result
            except KeyboardInterrupt:
                interrupted = True
    if interrupted:
        told = f"{len(results)} of {len(entries)} solutions are finished; every finished trial is kept"
        err.print(f"[yellow]interrupted[/]: {told}", highlight=False)
    if record and not interrupted:
        record_board(repository, definition, manifest)
    print_board(board_of(repository, definition, manifest), as_json)
    if interrupted:
        raise typer.Exit(130)
    if solutions and any(result.failures for result in results.values()):
        raise typer.Exit(1)


def submit(
    slug: Slug, solution: SolutionName, output: Output, rows: Rows = "heldout", isolation: Isolation = None
) -> None:
    """Fit a solution and write its submission file."""
    from competition.repository import check_target

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = _manifest(repository, definition)
    if rows == "unlabelled" and not manifest.rows["unlabelled"]:
        raise PodiumError(f"'{definition.slug}' has no unlabelled rows", "allowed: --rows heldout")
    check_target(output)
    (entry,) = _entries(repository, definition, manifest, [solution])
    with ExitStack() as stack:
        machine = _machine(stack, definition, 1, isolation, None).start([entry])

        from competition.dataset import read_prepared
        from competition.evaluation.engine import predict_submission
        from competition.submission import submission_table, write_submission

        prepared = read_prepared(repository, definition)
        with err.status(f"fitting {entry.program.name}"):
            predictions = predict_submission(prepared, entry, machine, unlabelled=rows == "unlabelled")
    ids = prepared.heldout.id if prepared.unlabelled is None or rows == "heldout" else prepared.unlabelled[0]
    write_submission(submission_table(definition, ids, predictions, prepared.classes), output)
    err.print(f"wrote {len(ids):,} rows to {output}", highlight=False, markup=False)


# --- where trials run ---


@dataclass(frozen=True)
class Machine:
    """Where trials will run: known at once, started when there is something to run."""

    surroundings: "Surroundings"
    start: "Callable[[Sequence[Entry]], Executor]"


def _machine(
    stack: ExitStack, definition: "Competition", jobs: int | None, isolation: str | None, cluster: str | None
) -> Machine:
    from competition.evaluation.sandbox.levels import choose
    from competition.evaluation.surroundings import surroundings

    threads = definition.limits.threads
    if cluster is not None:
        from competition.evaluation.cluster import Cluster as DaskCluster

        connected = stack.enter_context(DaskCluster(cluster, threads, isolation))
        return Machine(connected.surroundings, lambda entries: connected.for_packages(entries))
    level = choose(isolation)
    if level == "none":
        err.print(f"[yellow]not isolated:[/] {WITHOUT_ISOLATION}", highlight=False, soft_wrap=True)

    def start(entries: "Sequence[Entry]") -> "Executor":
        from competition.evaluation.entries import runtimes
        from competition.evaluation.workers import Pool, cores

        # Workers import libraries while this process reads the data.
        first = next(iter(runtimes(entries).values()))
        return stack.enter_context(Pool(jobs or max(1, cores() // threads), threads, level, first))

    return Machine(surroundings(level), start)


# --- what is evaluated ---


def _cache(repository: "Repository") -> "TrialCache":
    from competition.evaluation.cache import TrialCache
    from competition.repository import make_folder

    make_folder(repository.local)
    return TrialCache(repository.cache)


def _manifest(repository: "Repository", definition: "Competition") -> "Manifest":
    from competition.manifest import current_manifest

    manifest = current_manifest(repository, definition)
    if manifest is None:
        from competition.dataset import ensure_prepared

        manifest = ensure_prepared(repository, definition)
    return manifest


def _entries(
    repository: "Repository", definition: "Competition", manifest: "Manifest", names: list[str]
) -> list["Entry"]:
    from competition.evaluation.entries import Entry
    from competition.solution import choose_solutions

    chosen = choose_solutions(repository, definition, features_of(definition, manifest), names)
    entries = []
    for solution in chosen:
        with err.status(f"packages of {solution.name}"):
            entries.append(Entry.of(solution, repository.environments))
    return entries


def _standing(
    repository: "Repository",
    definition: "Competition",
    manifest: "Manifest",
    entries: "Sequence[Entry]",
    where: "Surroundings",
) -> "dict[str, Result]":
    """Local results that would come out the same again, by name."""
    from competition.evaluation.cache import NEVER_KEPT
    from competition.evaluation.entries import provenance
    from competition.results import read_results

    expected = {entry.program.name: provenance(definition, manifest, entry, where) for entry in entries}
    local, _ = read_results(repository.local_results(definition.slug))
    return {
        name: result
        for name, result in local.items()
        if result.provenance == expected.get(name)
        and (result.failures or set(result.metrics) == set(definition.metric_names))
        and not any(trial.failure and trial.failure.type in NEVER_KEPT for trial in result.failures)
    }


def _evaluated(
    repository: "Repository",
    definition: "Competition",
    entries: "Sequence[Entry]",
    executor: "Executor",
    cache: "TrialCache",
    earlier: "Iterable[Result]",
    fresh: bool,
) -> "Iterator[Result]":
    """Evaluate entries, show how far it has come, and yield each result."""
    from competition.dataset import read_prepared
    from competition.evaluation.engine import TrialEnded, evaluate
    from competition.progress import Estimate, Watch, expected_seconds

    prepared = read_prepared(repository, definition)
    known = expected_seconds(earlier)
    names = [entry.program.name for entry in entries]
    watch = Watch(err, Estimate.of(names, known, len(prepared.folds) + 1, executor.jobs), len(entries))
    hits = misses = 0
    with watch.showing():
        try:
            for event in evaluate(prepared, entries, executor, cache, known, fresh=fresh):
                if isinstance(event, TrialEnded):
                    hits, misses = hits + event.cached, misses + (not event.cached)
                    watch.trial_ended(event.entry.program.name, event.record, event.cached)
                else:
                    yield event.result
                    watch.solution_ended(event.result, definition.metric.primary)
        finally:
            cache.record(definition.slug, hits, misses)


def verify(slug: OptionalSlug = None) -> None:
    """Later."""
