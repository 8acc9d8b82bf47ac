"""`podium`: one thin function a command. Heavy modules are imported by the command that needs them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.board.table import Leaderboard
    from competition.dataset import Manifest
    from competition.definition import Competition
    from competition.repository import Repository
    from competition.solution import Solution

app = typer.Typer(
    help="Machine-learning competitions that live in a git repository.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
new = typer.Typer(help="Start a solution, a competition or a repository.", no_args_is_help=True)
app.add_typer(new, name="new")

out = Console()
err = Console(stderr=True)

DEFAULT_SLUG = "The competition; the repository's default one if not given."
RECORD = "Rebuild leaderboard/SLUG/ from the results, without a fit."
TIME = "A time column: the last days are held out."
GROUP = "A group column: whole groups are held out."
ROWS = "heldout: fitted on train. unlabelled: fitted on every labelled row, ready to upload."

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The competition.", show_default=False)]
OptionalSlug = Annotated[str | None, typer.Argument(metavar="SLUG", help=DEFAULT_SLUG, show_default=False)]
SolutionName = Annotated[str, typer.Argument(metavar="SOLUTION", help="Name of the solution.", show_default=False)]
SolutionNames = Annotated[list[str] | None, typer.Argument(metavar="SOLUTION", help="All if none is named.")]
SubmissionFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="A submission for the held-out rows.")]
NewSolution = Annotated[str, typer.Argument(metavar="SLUG/NAME", help="Competition and name of the file.")]
NewFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Raw = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the raw files; data/SLUG/raw if not given.")]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", help="Trials at a time; as many as the cores hold if not given.")
]
Record = Annotated[bool, typer.Option("--record", help="Write leaderboard/SLUG/ too.")]
Rebuild = Annotated[bool, typer.Option("--record", help=RECORD)]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE.csv", help="File to write.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write one self-contained page.")]
TableFile = Annotated[Path, typer.Option(metavar="FILE.csv", help="The labelled table.")]
Target = Annotated[str, typer.Option(metavar="COLUMN", help="The column to predict.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help=TIME)]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help=GROUP)]
Rows = Annotated[Literal["heldout", "unlabelled"], typer.Option(help=ROWS)]


def main() -> None:
    """Run the command line; a user's mistake gives one line and exit code 2, a bug keeps its traceback."""
    try:
        app()
    except PodiumError as error:
        err.print(f"[bold red]podium:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _version(value: bool) -> None:
    if value:
        from competition import __version__

        print(__version__)
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


@app.callback()
def _options(version: Version = False) -> None:
    pass


# --- commands ---


@app.command("list", epilog="Example: podium list")
def list_competitions(as_json: Json = False) -> None:
    """List the competitions, the state of their data, and their solutions."""
    from rich.table import Table

    repository = _repository()
    rows = [_listed(repository, slug) for slug in repository.slugs]
    if as_json:
        _print_json(rows)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("competition", "task", "metric", "data", "solutions"):
        table.add_column(column)
    for row in rows:
        name = f"{row['competition']}{' (default)' if row['default'] else ''}"
        table.add_row(name, row["task"], row["metric"], row["data"], str(len(row["solutions"])))
    out.print(table)


def _listed(repository: "Repository", slug: str) -> dict[str, Any]:
    from competition.dataset import read_manifest, state

    definition = _definition(repository, slug)
    return {
        "competition": slug,
        "title": definition.competition.title,
        "task": definition.task,
        "metric": definition.metric.primary,
        "data": state(repository, definition),
        "solutions": list(_solution_paths(repository, definition, read_manifest(repository, slug))),
        "default": slug == repository.default,
    }


@app.command(epilog="Example: podium prepare lte-anomaly --raw ~/Downloads/kaggle")
def prepare(slug: Slug, raw: Raw = None, as_json: Json = False) -> None:
    """Make or load the data and split it. Public files and the answer key lie apart, under data/SLUG/prepared/."""
    from competition.dataset import prepare as prepare_data

    repository = _repository()
    definition = _definition(repository, slug)
    manifest = prepare_data(repository, definition, raw)
    if as_json:
        _print_json(manifest.model_dump(mode="json", exclude={"raw"}))
    else:
        _print_manifest(manifest, definition, repository)


@app.command(epilog="Example: podium run cellular-anomaly lightgbm_tuned --jobs 2")
def run(
    slug: OptionalSlug = None,
    solutions: SolutionNames = None,
    jobs: Jobs = None,
    record: Record = False,
    as_json: Json = False,
) -> None:
    """Evaluate solutions, keep their results under .podium/, and print the board."""
    from competition.dataset import ensure_prepared, read_prepared
    from competition.evaluation import engine
    from competition.progress import Estimate, Watch, expected_seconds
    from competition.repository import make_folder
    from competition.results import collect_results, write_result

    repository = _repository()
    definition = _definition(repository, slug)
    if jobs is not None and jobs < 1:
        raise PodiumError(f"--jobs: found {jobs}; allowed: 1 or more")
    make_folder(repository.local_results(definition.slug))
    manifest = ensure_prepared(repository, definition)
    chosen = _evaluable(repository, definition, manifest, solutions or [])
    prepared = read_prepared(repository, definition)
    entries = [engine.Entry.of(solution) for solution in chosen]
    jobs = jobs or engine.default_jobs(definition)
    expected = expected_seconds([s.name for s in chosen], collect_results(repository, definition.slug).results)
    watch = Watch(err, Estimate(expected, len(prepared.folds) + 1, jobs), len(chosen))
    results = []
    interrupted = False
    with watch.showing():
        try:
            for event in engine.evaluate(prepared, entries, jobs):
                if isinstance(event, engine.TrialEnded):
                    watch.trial_ended(event.entry.program.name, event.record)
                else:
                    results.append(event.result)
                    write_result(event.result, repository.local_results(definition.slug))
                    watch.solution_ended(event.result, definition.metric.primary)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        err.print(
            f"[yellow]interrupted[/]: {len(results)} of {len(chosen)} solutions are finished and kept", highlight=False
        )
    if record and not interrupted:
        _record(repository, definition, manifest)
    _print_board(_board(repository, definition, manifest), as_json)
    if interrupted:
        raise typer.Exit(130)
    if solutions and any(result.failures for result in results):
        raise typer.Exit(1)


@app.command(epilog="Example: podium score cellular-anomaly submission.csv")
def score(slug: Slug, file: SubmissionFile, as_json: Json = False) -> None:
    """Check a submission and score it against the held-out labels, public and private part."""
    from rich.table import Table

    from competition.board.table import number
    from competition.dataset import ensure_prepared, read_prepared
    from competition.evaluation.scoring import heldout_metrics, scorers
    from competition.metrics import METRICS
    from competition.submission import read_submission

    repository = _repository()
    definition = _definition(repository, slug)
    ensure_prepared(repository, definition)
    prepared = read_prepared(repository, definition)
    submission = read_submission(file, definition, prepared.heldout.id, prepared.classes)
    halves = {"public": prepared.public, "private": ~prepared.public}
    scores = heldout_metrics(submission.predictions, prepared.heldout.y, halves, scorers(prepared))
    if as_json:
        _print_json({"competition": definition.slug, "rows": submission.n_rows, "scores": scores})
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("metric")
    table.add_column("public", justify="right")
    table.add_column("private", justify="right")
    for name in definition.metric_names:
        table.add_row(METRICS[name].title, number(scores[f"{name}/public"]), number(scores[f"{name}/private"]))
    out.print(table)


@app.command(epilog="Example: podium submit lte-anomaly lightgbm_tuned --rows unlabelled -o submission.csv")
def submit(slug: Slug, solution: SolutionName, output: Output, rows: Rows = "heldout") -> None:
    """Fit a solution and write its submission file."""
    from competition.dataset import ensure_prepared, read_prepared
    from competition.evaluation.engine import Entry, predict_submission
    from competition.repository import check_target
    from competition.submission import submission_table, write_submission

    repository = _repository()
    definition = _definition(repository, slug)
    manifest = ensure_prepared(repository, definition)
    if rows == "unlabelled" and not manifest.rows["unlabelled"]:
        raise PodiumError(f"'{definition.slug}' has no unlabelled rows", "allowed: --rows heldout")
    check_target(output)
    (chosen,) = _evaluable(repository, definition, manifest, [solution])
    prepared = read_prepared(repository, definition)
    with err.status(f"fitting {chosen.name}"):
        predictions = predict_submission(prepared, Entry.of(chosen), unlabelled=rows == "unlabelled")
    ids = prepared.heldout.id if prepared.unlabelled is None or rows == "heldout" else prepared.unlabelled[0]
    write_submission(submission_table(definition, ids, predictions, prepared.classes), output)
    err.print(f"wrote {len(ids):,} rows to {output}", highlight=False, markup=False)


@app.command(epilog="Example: podium leaderboard cellular-anomaly --html board.html")
def leaderboard(slug: Slug, html: Html = None, record: Rebuild = False, as_json: Json = False) -> None:
    """Print the board, made from the recorded results and from local ones, which go before."""
    from competition.dataset import read_manifest, state

    repository = _repository()
    definition = _definition(repository, slug)
    is_current = state(repository, definition) == "prepared"
    manifest = read_manifest(repository, definition.slug) if is_current else None
    board = _board(repository, definition, manifest)
    if not board.rows and not board.stale:
        raise PodiumError(f"'{definition.slug}' has no results yet", f"run `podium run {definition.slug}`")
    if html is not None:
        from competition.board.html import render
        from competition.repository import check_target, write_text

        check_target(html)
        write_text(html, render(board))
    if record:
        _record(repository, definition, manifest)
    _print_board(board, as_json)


@new.command("solution", epilog="Example: podium new solution cellular-anomaly/my_forest")
def new_solution(name: NewSolution) -> None:
    """Start a solution: a file that runs, to be changed."""
    from competition.scaffold import create_solution

    path = create_solution(_repository(), name)
    slug, stem = path.parent.name, path.stem
    err.print(f"wrote {path}\ntry it: podium run {slug} {stem}", highlight=False, markup=False, soft_wrap=True)


@new.command("competition", epilog="Example: podium new competition churn --data churn.csv --target left")
def new_competition(slug: Slug, data: TableFile, target: Target, time: Time = None, group: Group = None) -> None:
    """Make a competition out of a CSV file: rules, loader, data card and two solutions."""
    from competition.scaffold import create_competition

    created = create_competition(_repository(), slug, data, target, time=time, group=group)
    err.print("\n".join(f"wrote {path}" for path in created), highlight=False, markup=False, soft_wrap=True)
    err.print(f"read the rules in data/{slug}/competition.toml, then: podium run {slug}", highlight=False, markup=False)


@new.command("repository", epilog="Example: podium new repository my-class")
def new_repository(folder: NewFolder) -> None:
    """Make a repository with a small example competition."""
    from competition.scaffold import create_repository

    create_repository(folder)
    err.print(f"made {folder}\ntry it: cd {folder} && podium run", highlight=False, markup=False, soft_wrap=True)


# --- what several commands do ---


def _repository() -> "Repository":
    from competition.repository import Repository

    return Repository.find()


def _definition(repository: "Repository", slug: str | None) -> "Competition":
    from competition.definition import read_competition

    return read_competition(repository.data(repository.require(slug)) / "competition.toml")


def _features(definition: "Competition", manifest: "Manifest | None") -> list[str]:
    return [column.name for column in manifest.columns] if manifest else list(definition.data.features or ())


def _solution_paths(
    repository: "Repository", definition: "Competition", manifest: "Manifest | None"
) -> dict[str, Path]:
    from competition.solution import find_solutions

    return find_solutions(repository, definition, _features(definition, manifest))


def _evaluable(
    repository: "Repository", definition: "Competition", manifest: "Manifest", names: list[str]
) -> list["Solution"]:
    """Read the chosen solutions; those that need what is not installed are left out, or refused if they were named."""
    from competition.solution import choose_solutions

    chosen = choose_solutions(repository, definition, _features(definition, manifest), names)
    for solution in chosen:
        if not solution.unmet:
            continue
        needs = f"{solution.name} needs {', '.join(solution.unmet)}, which this environment lacks"
        if names:
            raise PodiumError(needs, "install it, for deep learning with `pip install 'podium[deep]'`")
        err.print(f"[yellow]left out:[/] {escape(needs)}", highlight=False, soft_wrap=True)
    evaluable = [solution for solution in chosen if not solution.unmet]
    if not evaluable:
        raise PodiumError(f"no solution of '{definition.slug}' can run in this environment")
    return evaluable


def _board(repository: "Repository", definition: "Competition", manifest: "Manifest | None") -> "Leaderboard":
    from competition.board.table import build
    from competition.results import collect_results
    from competition.solution import source_fingerprint

    paths = _solution_paths(repository, definition, manifest)
    sources = {name: source_fingerprint(path.read_bytes()) for name, path in paths.items()}
    collected = collect_results(repository, definition.slug)
    return build(definition, collected.results, manifest, sources, collected.unreadable)


def _record(repository: "Repository", definition: "Competition", manifest: "Manifest | None") -> None:
    from competition.board.files import record

    folder = repository.leaderboard(definition.slug)
    record(_board(repository, definition, manifest), folder)
    err.print(f"wrote {repository.relative(folder)}/", highlight=False, markup=False)


def _print_board(board: "Leaderboard", as_json: bool) -> None:
    if as_json:
        from competition.board.files import to_json

        print(to_json(board), end="")
        return
    from competition.board.terminal import render

    out.print(render(board, out))


def _print_manifest(manifest: "Manifest", definition: "Competition", repository: "Repository") -> None:
    from rich.table import Table

    rows = ", ".join(f"{count:,} {part}" for part, count in manifest.rows.items() if count)
    balance = "; ".join(
        f"{part}: " + ", ".join(f"{label} {value:,.6g}" for label, value in counts.items())
        for part, counts in manifest.balance.items()
    )
    facts = {
        "rows": rows,
        f"{definition.data.target}": balance,
        "data": manifest.data,
        "split": manifest.split,
        "public files": f"{repository.relative(repository.prepared(definition.slug))}/public/",
    }
    for name, value in facts.items():
        out.print(f"{name + ':':<14} {value}", highlight=False, markup=False, soft_wrap=True)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("column", "kind", "missing"):
        table.add_column(column, justify="right" if column == "missing" else "left")
    for feature in manifest.columns:
        table.add_row(escape(feature.name), feature.kind, f"{feature.missing:,}")
    out.print(table)


def _print_json(content: Any) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
