"""`podium list`, `prepare` and `score`: what is here, the data, a submission."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from competition.cli.common import (
    Json,
    Keys,
    Slug,
    definition_of,
    err,
    out,
    print_json,
    solution_paths,
    this_repository,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.manifest import Manifest
    from competition.repository import Repository

AUTHOR = "Whose submission it is, where the key is sealed; once for each author."

Raw = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the raw files; data/SLUG/raw if not given.")]
Authors = Annotated[list[str] | None, typer.Option("--author", metavar="NAME", help=AUTHOR)]
SubmissionFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="A submission for the held-out rows.")]


def list_competitions(as_json: Json = False) -> None:
    """List the competitions, the state of their data, and their solutions."""
    from rich.table import Table

    repository = this_repository()
    rows = [_listed(repository, slug) for slug in repository.slugs]
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("competition", "task", "metric", "data", "solutions"):
        table.add_column(column)
    for row in rows:
        name = f"{row['competition']}{' (default)' if row['default'] else ''}"
        table.add_row(name, row["task"], row["metric"], row["data"], str(len(row["solutions"])))
    out.print(table)


def _listed(repository: "Repository", slug: str) -> dict[str, Any]:
    from competition.manifest import read_manifest, state

    definition = definition_of(repository, slug)
    return {
        "competition": slug,
        "title": definition.competition.title,
        "task": definition.task,
        "metric": definition.metric.primary,
        "data": state(repository, definition),
        "solutions": list(solution_paths(repository, definition, read_manifest(repository, slug))),
        "default": slug == repository.default,
    }


def prepare(slug: Slug, raw: Raw = None, keys: Keys = None, as_json: Json = False) -> None:
    """Make or load the data and split it. Public files and the answer key lie apart, under data/SLUG/prepared/.

    The key of a sealed competition goes to --keys, and is of no use to anybody else who prepares it.
    """
    from competition.dataset import prepare as prepare_data

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = prepare_data(repository, definition, raw, keys)
    if definition.is_sealed:
        from competition.cli.feedback import Sealed

        desk = Sealed(repository, definition, keys).desk()  # what would be refused later is refused now
        err.print(f"the key is in {desk.vault.folder}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print_json(manifest.model_dump(mode="json", exclude={"raw"}))
    else:
        _print_manifest(manifest, definition, repository)


def score(slug: Slug, file: SubmissionFile, author: Authors = None, keys: Keys = None, as_json: Json = False) -> None:
    """Check a submission and score it against the held-out labels, public and private part.

    Where the key is sealed, its organiser alone can: that counts a look of each --author, and tells what may be told.
    """
    from rich.table import Table

    from competition.board.numbers import number
    from competition.dataset import ensure_prepared, read_prepared
    from competition.evaluation.scoring import heldout_metrics, scorers
    from competition.metrics import METRICS
    from competition.submission import read_submission

    repository = this_repository()
    definition = definition_of(repository, slug)
    if definition.is_sealed:
        from competition.cli.feedback import Sealed, score_sealed

        score_sealed(Sealed(repository, definition, keys), file, author or [], as_json=as_json)
        return
    if author:
        raise PodiumError(f"--author: the key of '{definition.slug}' is open, so that nobody's looks are counted")
    ensure_prepared(repository, definition)
    prepared = read_prepared(repository, definition)
    submission = read_submission(file, definition, prepared.heldout.id, prepared.classes)
    halves = {"public": prepared.public, "private": ~prepared.public}
    scores = heldout_metrics(submission.predictions, prepared.heldout.y, halves, scorers(prepared))
    if as_json:
        print_json({"competition": definition.slug, "rows": submission.n_rows, "scores": scores})
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("metric")
    table.add_column("public", justify="right")
    table.add_column("private", justify="right")
    for name in definition.metric_names:
        table.add_row(METRICS[name].title, number(scores[f"{name}/public"]), number(scores[f"{name}/private"]))
    out.print(table)


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
