"""Podium's own results: those on record, and those of pipelines that are evaluated here for a claim alone."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from claims.measures import scores_of
from competition.board.stale import Wanted, trial_sources, why_stale
from competition.definition import Competition, read_competition
from competition.errors import PodiumError
from competition.evaluation.sources import this_harness
from competition.manifest import current_manifest
from competition.repository import Repository, write_text
from competition.result_files import collect_results, read_results
from competition.results import Result
from competition.solution import find_solutions, source_fingerprint

SOLUTIONS = Path(__file__).parent / "solutions"


class UnavailableError(Exception):
    """A measurement cannot be taken here.

    Parameters
    ----------
    phrase : str
        Why, for the table.
    detail : str
        What the terminal shows besides, such as a path.
    """

    def __init__(self, phrase: str, detail: str = "") -> None:
        super().__init__(phrase)
        self.detail = detail


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
    except PodiumError as error:
        raise UnavailableError(f"the data of {slug} is not here", str(error).splitlines()[0]) from None
    return definition


def of_board(repository: Repository, slug: str, name: str) -> dict[str, float]:
    """Return the scores of a competition's solution: those on record, or else of `podium run`.

    A record counts where the board would rank it, so where data, split, rules, the solution's file and the harness are
    still the same.

    Raises
    ------
    UnavailableError
        If the competition's data is not here.
    PodiumError
        If there is no such solution, or it has no score.
    """
    definition = definition_of(repository, slug)
    found = _standing(repository, definition, name)
    if found is None:
        podium(repository.root, "run", slug, name)
        found = _standing(repository, definition, name)
    if found is None or found.score is None:
        raise PodiumError(f"`podium run {slug} {name}` left no score", f"`podium leaderboard {slug}` says why")
    return scores_with_interval(found, definition)


def _standing(repository: Repository, definition: Competition, name: str) -> Result | None:
    manifest = current_manifest(repository, definition)
    assert manifest is not None
    features = [column.name for column in manifest.columns]
    file = find_solutions(repository, definition, features).get(name)
    if file is None:
        raise PodiumError(f"{definition.slug} has no solution {name}", "claims/ measures it, so it is to stay")
    results, harness = collect_results(repository, definition.slug).results, this_harness()
    child = trial_sources(harness, [result.provenance for result in results])
    wanted = Wanted(
        manifest.data, manifest.split, replace(harness, child=child), {name: source_fingerprint(file.read_bytes())}
    )
    found = [result for result in results if result.solution.name == name]
    return next((result for result in found if not why_stale(result, definition, wanted)), None)


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
    PodiumError
        If one of them has no score.
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
        raise PodiumError(f"`podium run {slug} {failed[0]}` in {root} left no score")
    definition = read_competition(root / "data" / slug / "competition.toml")
    return definition, {name: results[name] for name in pipelines}


def _lay_out(repository: Repository, slug: str, root: Path) -> None:
    """Copy a competition's rules but for its further seeds, and link its prepared data."""
    shutil.rmtree(root / "data", ignore_errors=True)
    shutil.rmtree(root / "solutions", ignore_errors=True)
    data = root / "data" / slug
    # Rules and code of all competitions: one may be another's edition, or use another's module.
    shutil.copytree(repository.root / "data", root / "data", ignore=shutil.ignore_patterns("prepared", "raw"))
    rules = (repository.data(slug) / "competition.toml").read_text("utf-8")
    (data / "competition.toml").write_text(replace_once(rules, "[ranking]", "[ranking]\nn_seeds = 1"), "utf-8")
    (data / "prepared").symlink_to(repository.prepared(slug).resolve(), target_is_directory=True)
    (root / "pyproject.toml").write_text("[tool.podium]\n", "utf-8")
    for origin in (slug, *read_competition(data / "competition.toml").solutions.borrow):
        (root / "solutions" / origin).mkdir(parents=True)


def podium(root: Path, *arguments: str) -> None:
    """Run a command of Podium in a repository; what it prints is shown on stderr.

    Raises
    ------
    PodiumError
        If it fails; it has told why.
    """
    command = Path(sys.executable).with_name("podium")
    code = subprocess.run([command, *arguments, "--jobs", "1"], cwd=root, check=False, stdout=sys.stderr).returncode
    if code:
        raise PodiumError(f"`podium {' '.join(arguments)}` in {root} ended with exit code {code}")


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
