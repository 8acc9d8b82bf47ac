"""Podium's own results: those on record, and those of pipelines that are evaluated here for a claim alone."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from claims.measures import scores_of
from competition.definition import Competition, read_competition
from competition.errors import PodiumError
from competition.manifest import current_manifest
from competition.repository import Repository, write_text
from competition.result_files import collect_results, read_results
from competition.results import Result
from competition.solution import find_solutions, source_fingerprint

SOLUTIONS = Path(__file__).parent / "solutions"


class UnavailableError(Exception):
    """A measurement cannot be taken here; its text is one phrase for the table."""


def definition_of(repository: Repository, slug: str) -> Competition:
    """Read a competition's rules, and prepare its data where that needs nobody.

    Raises
    ------
    UnavailableError
        If there is no such competition, or its data cannot be prepared here.
    """
    from competition.dataset import ensure_prepared

    if slug not in repository.slugs:
        raise UnavailableError(f"there is no competition {slug}")
    definition = read_competition(repository.data(slug) / "competition.toml")
    try:
        ensure_prepared(repository, definition)
    except PodiumError:
        raise UnavailableError(f"the data of {slug} is not here") from None
    return definition


def of_board(repository: Repository, slug: str, name: str) -> dict[str, float]:
    """Return the scores of a competition's solution: those on record, or else of `podium run`.

    A record counts where data, split and the solution's file are still the same.

    Raises
    ------
    UnavailableError
        If the competition's data is not here.
    """
    definition = definition_of(repository, slug)
    found = _standing(repository, definition, name)
    if found is None:
        podium(repository.root, "run", slug, name)
        found = _standing(repository, definition, name)
    if found is None or found.score is None:
        raise RuntimeError(f"`podium run {slug} {name}` left no score")
    return scores_with_interval(found, definition)


def _standing(repository: Repository, definition: Competition, name: str) -> Result | None:
    manifest = current_manifest(repository, definition)
    assert manifest is not None
    features = [column.name for column in manifest.columns]
    file = find_solutions(repository, definition, features)[name]
    wanted = (manifest.data, manifest.split, source_fingerprint(file.read_bytes()))
    for result in collect_results(repository, definition.slug).results:
        made = result.provenance
        if result.solution.name == name and (made.data, made.split, made.solution_file) == wanted:
            return result
    return None


def of_pipelines(
    repository: Repository, slug: str, pipelines: Mapping[str, str]
) -> tuple[Competition, dict[str, Result]]:
    """Evaluate pipelines that are on no board, under a competition's rules and on its prepared data.

    They are entries of a repository of their own in `.podium/claims/`, whose cache stays, so that a second run fits
    nothing.

    Parameters
    ----------
    pipelines : mapping
        Texts of solutions, by name.

    Raises
    ------
    UnavailableError
        If the competition's data is not here.
    """
    definition_of(repository, slug)
    root = repository.root / ".podium" / "claims" / slug
    _lay_out(repository, slug, root)
    for name, text in pipelines.items():
        write_text(root / "solutions" / slug / f"{name}.py", text)
    podium(root, "run", slug, *sorted(pipelines))
    results, _ = read_results(Repository(root).local_results(slug))
    failed = [name for name in pipelines if name not in results or results[name].score is None]
    if failed:
        raise RuntimeError(f"`podium run {slug} {failed[0]}` in {root} left no score")
    definition = read_competition(root / "data" / slug / "competition.toml")
    return definition, {name: results[name] for name in pipelines}


def _lay_out(repository: Repository, slug: str, root: Path) -> None:
    """Copy a competition's rules but for its further seeds, and link its prepared data."""
    shutil.rmtree(root / "data", ignore_errors=True)
    shutil.rmtree(root / "solutions", ignore_errors=True)
    data = root / "data" / slug
    data.mkdir(parents=True)
    rules = (repository.data(slug) / "competition.toml").read_text("utf-8")
    (data / "competition.toml").write_text(rules.replace("[ranking]", "[ranking]\nn_seeds = 1"), "utf-8")
    shutil.copy(repository.data(slug) / "dataset.py", data)
    (data / "prepared").symlink_to(repository.prepared(slug).resolve(), target_is_directory=True)
    (root / "pyproject.toml").write_text("[tool.podium]\n", "utf-8")
    for origin in (slug, *read_competition(data / "competition.toml").solutions.borrow):
        (root / "solutions" / origin).mkdir(parents=True)


def podium(root: Path, *arguments: str) -> None:
    """Run a command of Podium in a repository; what it prints is shown on stderr."""
    command = Path(sys.executable).with_name("podium")
    subprocess.run([command, *arguments, "--jobs", "1"], cwd=root, check=True, stdout=sys.stderr)


def scores_with_interval(result: Result, definition: Competition) -> dict[str, float]:
    """Return F1 with its interval, and accuracies, of a binary competition's result."""
    from competition.ranking.order import rank

    assert result.confusion is not None
    found = scores_of(result.confusion)
    interval = rank([result], definition).standings[0].interval
    if result.score is not None:
        found["f1"] = result.score
    return found if interval is None else found | {"f1 low": interval.low, "f1 high": interval.high}


def module_of(name: str, text: str) -> ModuleType:
    """Run the text of one of Podium's own solutions as a module, for the protocols that the claims code runs itself."""
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(text, name, "exec"), module.__dict__)
    return module


def text_of(name: str, replaced: Iterable[tuple[str, str]] = ()) -> str:
    """Read a file of `claims/solutions/` with some of its lines replaced.

    Raises
    ------
    ValueError
        If a text to replace does not occur exactly once.
    """
    text = (SOLUTIONS / f"{name}.py").read_text("utf-8")
    for old, new in replaced:
        text = replace_once(text, old, new)
    return text


def replace_once(text: str, old: str, new: str) -> str:
    """Replace what must occur exactly once; ValueError where it does not."""
    if text.count(old) != 1:
        raise ValueError(f"{old!r} occurs {text.count(old)} times, not once")
    return text.replace(old, new)
