"""`podium audit`: what gives labels away, before a contest starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from competition.cli.common import Json, definition_of, err, out, print_json, this_repository
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.audit.table import Audited

AUDITED = "The competition; or give files with --train and --target."

AuditedSlug = Annotated[str | None, typer.Argument(metavar="SLUG", help=AUDITED, show_default=False)]
Train = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Labelled rows, instead of a competition.")]
Test = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Rows whose labels are to be predicted.")]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict.")]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Ids; a column called id if not given.")]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help="Who or what rows belong to.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Dates; the only column of dates if not given.")]


def audit(
    slug: AuditedSlug = None,
    train: Train = None,
    test: Test = None,
    target: Target = None,
    id_column: Id = None,
    group: Group = None,
    time: Time = None,
    as_json: Json = False,
) -> None:
    """Look for what gives labels away without understanding of the task: a competition's data, or files.

    Each finding says what, where, what this alone reaches out of fold, and how to mend it. Exit code 1 if one is
    severe.
    """
    if (slug is None) == (train is None):
        raise PodiumError("what is to be audited?", "allowed: SLUG, or --train FILE.csv --target COLUMN")
    if train is not None:
        if target is None:
            raise PodiumError("--target: missing; it names the column to predict")
    elif given := [f"--{name}" for name, value in _of_files(test, target, id_column, group, time) if value is not None]:
        raise PodiumError(f"{given[0]}: only with --train", "a competition's rules name its columns")

    from competition.audit import registry
    from competition.audit.findings import as_json as to_json
    from competition.audit.sources import Named, audited_files
    from competition.audit.terminal import render

    if train is not None:
        assert target is not None  # checked above
        table = audited_files(train, test, Named(target, id_column, group, time))
    else:
        table = _competition(slug)
    report = registry.audit(table)
    if as_json:
        print_json(to_json(report))
    else:
        out.print(render(report), soft_wrap=False)
    if report.severe:
        raise typer.Exit(1)


def _of_files(
    test: Path | None, target: str | None, id_column: str | None, group: str | None, time: str | None
) -> list[tuple[str, object]]:
    return [("test", test), ("target", target), ("id", id_column), ("group", group), ("time", time)]


def _competition(slug: str | None) -> "Audited":
    from competition.audit.sources import audited_competition
    from competition.dataset import ensure_prepared, read_prepared

    repository = this_repository()
    definition = definition_of(repository, slug)
    ensure_prepared(repository, definition)
    err.print(f"auditing {definition.slug}: its train rows, against all others without their labels", highlight=False)
    return audited_competition(read_prepared(repository, definition))
