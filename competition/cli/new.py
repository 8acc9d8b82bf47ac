"""`podium new`: start a solution, a competition or a repository."""

from pathlib import Path
from typing import Annotated

import typer

from competition.cli.common import Keys, Slug, err, this_repository
from competition.errors import PodiumError

app = typer.Typer(help="Start a solution, a competition or a repository.", no_args_is_help=True)

TIME = "A time column: the last days are held out."
GROUP = "A group column: whole groups are held out."

SEALED = "Keep the labels of the held-out rows outside the repository, in the folder that --keys names."

NewSolution = Annotated[str, typer.Argument(metavar="SLUG/NAME", help="Competition and name of the file.")]
NewFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")]
TableFile = Annotated[Path, typer.Option(metavar="FILE.csv", help="The labelled table.")]
Target = Annotated[str, typer.Option(metavar="COLUMN", help="The column to predict.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help=TIME)]
Sealed = Annotated[bool, typer.Option("--sealed", help=SEALED)]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help=GROUP)]


@app.command("solution", epilog="Example: podium new solution cellular-anomaly/my_forest")
def new_solution(name: NewSolution) -> None:
    """Start a solution: a file that runs, to be changed."""
    from competition.scaffold import create_solution

    path = create_solution(this_repository(), name)
    slug, stem = path.parent.name, path.stem
    err.print(f"wrote {path}\ntry it: podium run {slug} {stem}", highlight=False, markup=False, soft_wrap=True)


@app.command("competition", epilog="Example: podium new competition churn --data churn.csv --target left")
def new_competition(
    slug: Slug,
    data: TableFile,
    target: Target,
    time: Time = None,
    group: Group = None,
    sealed: Sealed = False,
    keys: Keys = None,
) -> None:
    """Make a competition out of a CSV file: rules, loader, data card and two solutions."""
    from competition.scaffold import create_competition

    if sealed and keys is None:
        raise PodiumError("--sealed: where does the key go?", "--keys DIR names a folder outside the repository")
    place = keys if sealed else None
    created = create_competition(this_repository(), slug, data, target, time=time, group=group, sealed=place)
    err.print("\n".join(f"wrote {path}" for path in created), highlight=False, markup=False, soft_wrap=True)
    first = f"podium prepare {slug}" if sealed else f"podium run {slug}"
    err.print(f"read the rules in data/{slug}/competition.toml, then: {first}", highlight=False, markup=False)


@app.command("repository", epilog="Example: podium new repository my-class")
def new_repository(folder: NewFolder) -> None:
    """Make a repository with a small example competition."""
    from competition.scaffold import create_repository

    create_repository(folder)
    err.print(f"made {folder}\ntry it: cd {folder} && podium run", highlight=False, markup=False, soft_wrap=True)
