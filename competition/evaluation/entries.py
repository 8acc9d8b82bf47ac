"""What is evaluated: programs with what a result tells of them, and the kind of worker that each needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from packaging.requirements import Requirement

import competition
from competition import packages
from competition.definition import Competition
from competition.evaluation.control import TRIAL, Runtime
from competition.evaluation.plan import Program
from competition.evaluation.sources import this_harness
from competition.evaluation.surroundings import Surroundings
from competition.manifest import Manifest
from competition.packages import NEEDED_BY_TRIAL
from competition.results import Failure, Provenance, SolutionCard
from competition.solution import Solution

# What a worker may import before it forks; the threads of deep-learning libraries would not survive that.
PRELOADED = frozenset({"catboost", "imblearn", "joblib", "lightgbm", "numpy", "pandas", "scipy", "sklearn", "xgboost"})
# What a library puts off until the first fit, and every trial would do again.
PUT_OFF = {
    "sklearn": (
        "narwhals._duration",
        "narwhals._interchange.dataframe",
        "narwhals._pandas_like.dataframe",
        "narwhals._pandas_like.group_by",
        "narwhals._pandas_like.namespace",
        "narwhals.stable.v2._namespace",
        "sklearn.callback",
    )
}
DEEP = frozenset({"flax", "jax", "keras", "tensorflow", "torch"})
NEEDED = tuple(map(Requirement, NEEDED_BY_TRIAL))


@dataclass(frozen=True)
class Entry:
    """A program with what a result tells of it.

    Parameters
    ----------
    fingerprint : str
        Of its content.
    imports : tuple of str
        Modules that it imports, to be preloaded.
    packages : dict
        Versions of the distributions that decide its outcome.
    site_packages : Path or None
        Where its own packages lie, if the running environment does not meet its requirements.
    failure : Failure or None
        Why it cannot be run at all.
    """

    program: Program
    card: SolutionCard
    fingerprint: str
    imports: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    site_packages: Path | None = None
    failure: Failure | None = None

    @classmethod
    def of(cls, solution: Solution, folder: Path) -> "Entry":
        """Make an entry of a solution's file, with an environment of its own where it needs one.

        Parameters
        ----------
        folder : Path
            Where such environments are kept.
        """
        about = solution.metadata
        card = SolutionCard(
            name=solution.name,
            origin=solution.origin,
            title=about.title,
            authors=about.authors,
            tags=about.tags,
            disclosure=about.disclosure,
            docstring=solution.docstring,
        )
        program = Program(solution.name, solution.file, "source", solution.source.encode())
        entry = cls(program, card, solution.fingerprint, solution.imports)
        if solution.unmet:
            return entry._in_environment_of_its_own(solution, folder)
        names = [requirement.name for requirement in (*solution.requirements, *NEEDED)]
        return replace(entry, packages=packages.versions(names, solution.imports))

    def _in_environment_of_its_own(self, solution: Solution, folder: Path) -> Self:
        from competition.evaluation import environments

        try:
            made = environments.make_environment(solution.requirements, folder)
        except environments.DependencyError as error:
            return replace(self, failure=Failure(type="dependency", message=str(error)))
        except environments.InstallationError as error:
            return replace(self, failure=Failure(type="infrastructure", message=str(error)))
        return replace(self, packages=made.packages, site_packages=made.site_packages)

    @property
    def runs_alone(self) -> bool:
        """Whether its worker must have imported nothing for others."""
        return self.site_packages is not None or bool(DEEP & {name.split(".")[0] for name in self.imports})


def runtimes(entries: Iterable[Entry]) -> dict[str, Runtime]:
    """Return the kind of worker that each entry needs, by name.

    Those that can share one do: it imports the libraries of them all, once.
    """
    entries = list(entries)
    together = [entry for entry in entries if not entry.runs_alone]
    shared = {name for entry in together for name in entry.imports if _may_be_preloaded(name)}
    shared |= {late for name in shared for late in PUT_OFF.get(name.split(".")[0], ())}
    common = Runtime((TRIAL, *sorted(shared)))
    return {entry.program.name: _alone(entry) if entry.runs_alone else common for entry in entries}


def _may_be_preloaded(module: str) -> bool:
    """Whether a worker imports a module that a stranger names: a library's own public one, no program and no test."""
    package, *inner = module.split(".")
    return (
        package in PRELOADED and len(inner) <= 1 and not any(part.startswith("_") or "test" in part for part in inner)
    )


def _alone(entry: Entry) -> Runtime:
    return Runtime((TRIAL,)) if entry.site_packages is None else Runtime((), str(entry.site_packages))


def provenance(definition: Competition, manifest: Manifest, entry: Entry, where: Surroundings) -> Provenance:
    """Tell what a result is made with."""
    return Provenance(
        competition_version=definition.competition.version,
        rules=definition.rules,
        data=manifest.data,
        split=manifest.split,
        solution_file=entry.fingerprint,
        child=where.child,
        scoring=this_harness().scoring,
        podium=competition.__version__,
        python=where.python,
        platform=where.platform,
        numerics=where.numerics,
        packages=dict(sorted(entry.packages.items())),
        threads=definition.limits.threads,
        isolation=where.isolation,
    )
