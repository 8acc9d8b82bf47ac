"""`podium audit`: what gives labels away, before a contest starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from competition.cli.common import Json, definition_of, err, out, print_json, this_repository
from competition.errors import PodiumError
from competition.text import clean

if TYPE_CHECKING:
    from competition.audit.findings import Report
    from competition.audit.record import Key
    from competition.audit.table import Audited

AUDITED = "The competition; or give files with --train and --target."
RECORD = "Write leaderboard/SLUG/audit.json, so that its severe findings count as known."
CHECK = "Fail where the severe findings differ from those recorded, and only there."

AuditedSlug = Annotated[str | None, typer.Argument(metavar="SLUG", help=AUDITED, show_default=False)]
Train = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Labelled rows, instead of a competition.")]
Test = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Rows whose labels are to be predicted.")]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict.")]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Ids; a column called id if not given.")]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help="Who or what rows belong to.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Dates; the only column of dates if not given.")]
Record = Annotated[bool, typer.Option("--record", help=RECORD)]
Check = Annotated[bool, typer.Option("--check", help=CHECK)]


def audit(
    slug: AuditedSlug = None,
    train: Train = None,
    test: Test = None,
    target: Target = None,
    id_column: Id = None,
    group: Group = None,
    time: Time = None,
    record: Record = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Look for what gives labels away without understanding of the task: a competition's data, or files.

    Each finding says what, where, what this alone reaches out of fold, and how to mend it. Exit code 1 if one is
    severe; with --check, if one is severe and not recorded, or recorded and no longer found; with --record 0.
    """
    if (slug is None) == (train is None):
        raise PodiumError("what is to be audited?", "allowed: SLUG, or --train FILE.csv --target COLUMN")
    if record and check:
        raise PodiumError("--record and --check", "allowed: one of them")
    if train is not None:
        if target is None:
            raise PodiumError("--target: missing; it names the column to predict")
        if record or check:
            raise PodiumError(f"--{'record' if record else 'check'}: only of a competition", "files have no board")
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
    if record:
        _record(report)
    elif not _agrees(report) if check else report.severe:
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


def _record(report: "Report") -> None:
    """Write the audit of a competition into the repository."""
    from competition.audit.record import record_of, write_record
    from competition.manifest import read_manifest

    repository = this_repository()
    manifest = read_manifest(repository, report.name)
    assert manifest is not None  # its data was read
    path = write_record(repository, record_of(report, manifest))
    err.print(f"wrote {repository.relative(path)}", highlight=False, markup=False)


def _agrees(report: "Report") -> bool:
    """Tell how the severe findings of a competition differ from those recorded, and whether they are the same."""
    from competition.audit.record import compare, is_outdated, read_record
    from competition.manifest import read_manifest

    repository = this_repository()
    manifest = read_manifest(repository, report.name)
    assert manifest is not None  # its data was read
    recorded = read_record(repository, report.name)
    told = compare(report, recorded)
    lines = [f"severe and not recorded: {_told(one)}" for one in told.new]
    lines += [f"recorded as severe and not found: {_told(one)}" for one in told.gone]
    again = f"`podium audit {report.name} --record` records what is known"
    if lines:
        lines.append(again)
    elif recorded is None:
        lines = [f"nothing is severe, and no audit is recorded; {again}"]
    else:
        lines = [f"severe findings as recorded: {told.n_known}"]
        if is_outdated(recorded, manifest.data, manifest.split):
            lines.append(f"the record was made from other data or another split; {again}")
    for line in lines:
        err.print(line, highlight=False, markup=False, soft_wrap=True)
    return not told.new and not told.gone


def _told(one: "Key") -> str:
    check, where = one
    return clean(f"{check} in {', '.join(where[:8])}")
