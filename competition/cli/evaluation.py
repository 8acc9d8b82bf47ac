"""`podium run` and `submit`: fit solutions, for the board or for a submission."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from competition.cli.common import (
    Isolation,
    Jobs,
    Json,
    Keys,
    OptionalSlug,
    Slug,
    SolutionNames,
    board_of,
    check_jobs,
    definition_of,
    err,
    print_board,
    record_board,
    this_repository,
)
from competition.cli.trials import cache_of, entries_of, evaluated, machine_of, manifest_of
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.evaluation.entries import Entry
    from competition.evaluation.surroundings import Surroundings
    from competition.manifest import Manifest
    from competition.results import Predictions, Result

ROWS = "heldout: fitted on train. unlabelled: fitted on every labelled row, ready to upload."
CLUSTER = "A dask scheduler, tcp://HOST:PORT, or local:N for N worker processes here."

SolutionName = Annotated[str, typer.Argument(metavar="SOLUTION", help="Name of the solution.", show_default=False)]
Record = Annotated[bool, typer.Option("--record", help="Write leaderboard/SLUG/ too.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ignore what earlier runs left: fit everything.")]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help=CLUSTER)]
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
    keys: Keys = None,
    as_json: Json = False,
) -> None:
    """Evaluate solutions, keep their results under .podium/, and print the board.

    What an earlier run has evaluated under the same conditions is not fitted again. With --record and the key of a
    sealed competition, new solutions get a public score, as far as they may be told one.
    """
    check_jobs(jobs)
    interrupted = False
    with ExitStack() as stack:
        find_machine = machine_of(stack, jobs, isolation, cluster)

        from competition.cli.feedback import Sealed, check_isolated, give_feedback
        from competition.result_files import collect_results, write_result

        repository = this_repository()
        definition = definition_of(repository, slug)
        cache = cache_of(repository)
        manifest = manifest_of(repository, definition)
        entries = entries_of(repository, definition, manifest, solutions or [])
        collected = collect_results(repository, definition.slug)
        machine = find_machine(definition)
        sealed = Sealed(repository, definition, keys)
        check_isolated(sealed, machine.surroundings.isolation)
        standing = {} if fresh else _standing(collected.local, definition, manifest, entries, machine.surroundings)
        results = dict(standing)
        todo = [entry for entry in entries if entry.program.name not in standing]
        executor = None
        if todo:
            executor = machine.start(todo)

            from competition.dataset import read_prepared  # while the workers import libraries
            from competition.evaluation.engine import Earlier
            from competition.progress import expected_seconds

            earlier = Earlier(cache, expected_seconds(collected.results), fresh)
            prepared = read_prepared(repository, definition)
            try:
                for result in evaluated(prepared, todo, executor, earlier):
                    write_result(result, repository.local_results(definition.slug))
                    results[result.solution.name] = result
            except KeyboardInterrupt:
                interrupted = True
        if record and definition.is_sealed and not interrupted:

            def predict(names: Sequence[str]) -> "Mapping[str, Predictions]":
                from competition.dataset import read_prepared
                from competition.evaluation.engine import Earlier, predict_heldout

                wanted = [entry for entry in entries if entry.program.name in names]
                place = executor or machine.start(wanted)
                return predict_heldout(read_prepared(repository, definition), wanted, place, Earlier(cache))

            give_feedback(sealed, results, predict)
    if interrupted:
        told = f"{len(results)} of {len(entries)} solutions are finished; every finished trial is kept"
        err.print(f"[yellow]interrupted[/]: {told}", highlight=False)
    if record and not interrupted:
        record_board(repository, definition, manifest)
    collected_now = None if todo else collected
    print_board(board_of(repository, definition, manifest, collected_now, from_cache=not fresh), as_json)
    if interrupted:
        raise typer.Exit(130)
    if solutions and any(result.failures for result in results.values()):
        raise typer.Exit(1)


def _standing(
    local: "Mapping[str, Result]",
    definition: "Competition",
    manifest: "Manifest",
    entries: "Sequence[Entry]",
    where: "Surroundings",
) -> "dict[str, Result]":
    """Local results that would come out the same again, by name."""
    from competition.evaluation.cache import NEVER_KEPT
    from competition.evaluation.entries import provenance

    expected = {entry.program.name: provenance(definition, manifest, entry, where) for entry in entries}
    return {
        name: result
        for name, result in local.items()
        if result.provenance == expected.get(name)
        and (result.failures or set(result.metrics) == set(definition.metric_names))
        and not any(trial.failure and trial.failure.type in NEVER_KEPT for trial in result.failures)
    }


def submit(
    slug: Slug, solution: SolutionName, output: Output, rows: Rows = "heldout", isolation: Isolation = None
) -> None:
    """Fit a solution and write its submission file."""
    from competition.repository import check_target

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = manifest_of(repository, definition)
    if rows == "unlabelled" and not manifest.rows["unlabelled"]:
        raise PodiumError(f"'{definition.slug}' has no unlabelled rows", "allowed: --rows heldout")
    if rows == "unlabelled" and definition.is_sealed:
        raise PodiumError(
            f"--rows unlabelled: fits on every label, and those of '{definition.slug}' that are held out are sealed",
            "allowed: --rows heldout",
        )
    check_target(output)
    (entry,) = entries_of(repository, definition, manifest, [solution])
    with ExitStack() as stack:
        machine = machine_of(stack, 1, isolation, None)(definition).start([entry])

        from competition.dataset import read_prepared
        from competition.evaluation.engine import predict_submission
        from competition.submission import submission_table, write_submission

        prepared = read_prepared(repository, definition)
        with err.status(f"fitting {entry.program.name}"):
            predictions = predict_submission(prepared, entry, machine, unlabelled=rows == "unlabelled")
    ids = prepared.heldout.id if prepared.unlabelled is None or rows == "heldout" else prepared.unlabelled.id
    write_submission(submission_table(definition, ids, predictions, prepared.classes), output)
    err.print(f"wrote {len(ids):,} rows to {output}", highlight=False, markup=False)
