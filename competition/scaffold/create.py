"""Write the files of a new solution, competition or repository; nothing that exists is overwritten."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from competition.csv_files import MISSING
from competition.dataset import prepare
from competition.definition import SLUG, read_competition
from competition.errors import PodiumError
from competition.metrics import Task
from competition.repository import Repository, write_text
from competition.scaffold.infer import infer
from competition.scaffold.rules import FRACTION, PUBLIC, SEED
from competition.solution import NAME
from competition.vault import Vault, named_vault

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("competition.scaffold"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # the files are TOML and Python, and values go in as literals
)
# Text and lists as both Python and TOML write them, umlauts as they are.
TEMPLATES.filters["literal"] = lambda value: json.dumps(value, ensure_ascii=False)
EXAMPLE = "example"


@dataclass(frozen=True)
class _File:
    path: Path
    template: str
    values: dict[str, Any]


def create_solution(repository: Repository, name: str) -> Path:
    """Write a solution that runs.

    Parameters
    ----------
    name : str
        ``SLUG/NAME``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    PodiumError
        If the competition is unknown, the name is not allowed, or the file exists.
    """
    slug, separator, stem = name.removesuffix(".py").partition("/")
    if not separator:
        raise PodiumError(f"found '{name}'", "allowed: SLUG/NAME, such as cellular-anomaly/my_forest")
    definition = read_competition(repository.data(repository.require(slug)) / "competition.toml")
    if not NAME.fullmatch(stem):
        raise PodiumError(f"'{stem}' is no name for a solution", "allowed: lower-case letters, digits and underscores")
    path = repository.solutions(slug) / f"{stem}.py"
    title = stem.replace("_", " ").capitalize()
    _write([_File(path, "solution.py.jinja", {"title": title, "task": definition.task})])
    return path


def create_competition(
    repository: Repository,
    slug: str,
    data: Path,
    target: str,
    *,
    time: str | None = None,
    group: str | None = None,
    sealed: Path | None = None,
) -> list[Path]:
    """Make a competition out of a CSV file.

    Parameters
    ----------
    data : Path
        The labelled table; it is copied to ``data/<slug>/raw/``, which is not in git.
    target : str
        The column to predict. Its values decide the task.
    time, group : str, optional
        Columns that the held-out rows and folds go by.
    sealed : Path, optional
        Folder of keys, outside the repository: the answer key is sealed, and the table is copied to there.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    PodiumError
        If the name is taken or not allowed, the file is no table, a column is not there or not fit, or the
        competition could not run; nothing is written then.
    """
    if not SLUG.fullmatch(slug):
        raise PodiumError(f"'{slug}' is no name for a competition", "allowed: lower-case words joined by hyphens")
    if slug in repository.slugs or repository.data(slug).exists():
        raise PodiumError(f"there is a competition '{slug}' already, in {repository.data(slug)}")
    vault = named_vault(repository, slug, sealed)
    if vault is not None and vault.folder.exists():
        raise PodiumError(f"{vault.folder} exists already")
    with _told(data):
        facts = infer(data, target, time=time, group=group)
    values = {
        "slug": slug,
        "title": slug.replace("-", " ").capitalize(),
        "facts": facts,
        "file": data.name,
        "missing": MISSING,
        "seed": SEED,
        "fraction": FRACTION,
        "public": PUBLIC,
        "sealed": vault is not None,
    }
    final = _competition_files(repository, slug, values)
    _check_free(final)
    with _told(repository.root), tempfile.TemporaryDirectory(prefix=".new.", dir=repository.root) as folder:
        draft = Repository(Path(folder))
        files = _competition_files(draft, slug, values)
        _write(files)
        if vault is None:
            raw = draft.data(slug) / "raw"
            raw.mkdir()
            shutil.copyfile(data, raw / data.name)
            _rehearse(draft, slug, data.name)
            moves = [(raw / data.name, repository.data(slug) / "raw" / data.name)]
        else:
            _rehearse_sealed(draft, vault, data)
            moves = []
        # The rules come last: with them the competition exists.
        moves += [(file.path, place.path) for file, place in zip(files, final, strict=True)][::-1]
        for here, there in moves:
            there.parent.mkdir(parents=True, exist_ok=True)
            here.rename(there)
    return [file.path for file in final]


def _competition_files(repository: Repository, slug: str, values: dict[str, Any]) -> list[_File]:
    home = repository.data(slug)
    sealed = [_File(home / ".gitignore", "sealed.gitignore.jinja", values)] if values["sealed"] else []
    return [
        _File(home / "competition.toml", "competition.toml.jinja", values),
        _File(home / "dataset.py", "dataset.py.jinja", values),
        _File(home / "README.md", "card.md.jinja", values),
        *sealed,
        *_two_solutions(repository.solutions(slug), values["facts"].task),
    ]


def _rehearse_sealed(draft: Repository, vault: Vault, data: Path) -> None:
    """Copy the table into the vault, and prepare it from there; a vault that is of no use goes again."""
    try:
        vault.make()
        vault.raw.mkdir(mode=0o700)
        shutil.copyfile(data, vault.raw / data.name)
        _rehearse(draft, vault.slug, data.name, vault.folder.parent)
    except BaseException:
        shutil.rmtree(vault.folder, ignore_errors=True)
        raise


def _rehearse(draft: Repository, slug: str, name: str, keys: Path | None = None) -> None:
    """Read the rules, load the table and split it: a competition that cannot run is not made."""
    try:
        prepare(draft, read_competition(draft.data(slug) / "competition.toml"), keys=keys)
    except PodiumError as error:
        message = " ".join(error.message.replace(f"{draft.root}/", "").split())
        raise PodiumError(message if name in message else f"{name}: {message}", error.hint) from None


def create_repository(folder: Path) -> None:
    """Make a repository with a small example competition, and no copy of the harness.

    Raises
    ------
    PodiumError
        If the folder exists and is not empty.
    """
    with _told(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PodiumError(f"{folder} exists and is not empty")
    title = folder.resolve().name
    values = {"name": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "competitions", "example": EXAMPLE}
    home = folder / "data" / EXAMPLE
    _write(
        [
            _File(folder / "pyproject.toml", "pyproject.toml.jinja", values),
            _File(folder / "README.md", "repository.md.jinja", values),
            _File(folder / ".gitignore", "gitignore.jinja", values),
            _File(home / "competition.toml", "example/competition.toml.jinja", values),
            _File(home / "dataset.py", "example/dataset.py.jinja", values),
            _File(home / "README.md", "example/card.md.jinja", values),
            *_two_solutions(folder / "solutions" / EXAMPLE, "binary"),
        ]
    )


def _two_solutions(folder: Path, task: Task) -> list[_File]:
    return [
        _File(folder / "constant.py", "constant.py.jinja", {"task": task}),
        _File(folder / "boosted_trees.py", "solution.py.jinja", {"task": task, "title": "Boosted trees"}),
    ]


def _write(files: list[_File]) -> None:
    """Render everything, then write: a template that fails leaves nothing behind."""
    _check_free(files)
    texts = [TEMPLATES.get_template(file.template).render(file.values).rstrip("\n") + "\n" for file in files]
    for file, text in zip(files, texts, strict=True):
        with _told(file.path):
            write_text(file.path, text)


def _check_free(files: list[_File]) -> None:
    for file in files:
        if file.path.exists():
            raise PodiumError(f"{file.path} exists already")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what the operating system refuses in one line."""
    try:
        yield
    except OSError as error:
        raise PodiumError(f"{error.filename or path}: {(error.strerror or str(error)).lower()}") from None
