"""Temporary repositories with a competition and chosen solutions, and the command that runs them."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import MeasurementError
from competition.definition import read_competition
from competition.manifest import current_manifest
from competition.repository import Repository
from competition.result_files import read_results
from competition.results import Result

PODIUM = Path(sys.executable).with_name("podium")
KAGGLE, BUILT_IN = "lte-anomaly", "cellular-anomaly"
HEADER = """\
# /// script
# requires-python = ">=3.11"
# dependencies = [{dependencies}]
# [tool.podium]
# title = "{name}"
# authors = ["Podium"]
# ///
"""


@dataclass(frozen=True)
class Contest:
    """One competition in a repository of its own."""

    root: Path
    slug: str

    @property
    def data(self) -> Path:
        """Folder of the rules and the data."""
        return self.root / "data" / self.slug

    @property
    def solutions(self) -> list[str]:
        """Files of the solutions, sorted."""
        return sorted(str(file) for file in (self.root / "solutions" / self.slug).glob("*.py"))

    def run(self, *options: str) -> list[str]:
        """Return the command that evaluates the solutions."""
        return [str(PODIUM), "run", self.slug, *options]

    def results(self) -> list[Result]:
        """Return what the last run left.

        Raises
        ------
        MeasurementError
            If a result is missing or a trial failed.
        """
        found, broken = read_results(Repository(self.root).local_results(self.slug))
        failed = [f"{name}: {one.failures[0].failure}" for name, one in found.items() if one.failures]
        if broken or failed or len(found) != len(self.solutions):
            what = [*failed, *broken.items(), f"{len(found)} of {len(self.solutions)} results"]
            raise MeasurementError(str(what[0]))
        return list(found.values())

    def add(self, solutions: Mapping[str, str]) -> None:
        """Write solutions, text by name."""
        folder = self.root / "solutions" / self.slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in solutions.items():
            (folder / f"{name}.py").write_text(text, "utf-8")


def prepared_slug(repository: Repository, slug: str | None) -> str:
    """Return the competition to measure on: Kaggle's data where it is prepared, else the built-in one.

    Raises
    ------
    MeasurementError
        If the data of a competition that was asked for is not prepared.
    """
    for candidate in [slug] if slug else [KAGGLE, BUILT_IN]:
        definition = read_competition(repository.data(candidate) / "competition.toml")
        if current_manifest(repository, definition) is not None:
            return candidate
    if slug not in (None, BUILT_IN):
        raise MeasurementError(f"the data of {slug} is not prepared")
    subprocess.run([PODIUM, "prepare", BUILT_IN], cwd=repository.root, check=True, stdout=subprocess.DEVNULL)
    return BUILT_IN


def copied(repository: Repository, slug: str, root: Path, solutions: Mapping[str, str]) -> Contest:
    """Make a repository with a competition's rules, its prepared data linked, and these solutions alone."""
    contest = Contest(root, slug)
    # Rules and code of all competitions: one may be another's edition, or use another's module.
    shutil.copytree(repository.root / "data", root / "data", ignore=shutil.ignore_patterns("prepared", "raw"))
    rules = (repository.data(slug) / "competition.toml").read_text("utf-8")
    # The plain sides run no further seeds.
    (contest.data / "competition.toml").write_text(rules.replace("[ranking]", "[ranking]\nn_seeds = 1"), "utf-8")
    (contest.data / "prepared").symlink_to(repository.prepared(slug).resolve(), target_is_directory=True)
    definition = read_competition(contest.data / "competition.toml")
    for origin in definition.solutions.borrow:
        (root / "solutions" / origin).mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.podium]\n", "utf-8")
    contest.add(solutions)
    return contest


def solution(name: str, body: str, dependencies: Sequence[str] = ("numpy",)) -> str:
    """Return the text of a solution's file."""
    listed = ", ".join(f'"{dependency}"' for dependency in dependencies)
    return HEADER.format(name=name, dependencies=listed) + body
