"""Write a blend as a solution: one file that holds its members as they are, each in a function of its own."""

import json
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from competition.definition import Competition
from competition.errors import PodiumError
from competition.metrics import Scorer
from competition.repository import Repository, write_text
from competition.scaffold.create import TEMPLATES
from competition.scaffold.member import as_function_body, future_imports
from competition.solution import NAME, Solution, read_solution
from competition.text import clean

MAX_TITLE = 120
N_INNER = 4  # folds within the training rows
LARGEST_COUNT = 20  # steps of a greedy selection
OWN_REQUIREMENTS = ("numpy", "pandas", "scikit-learn")
# scikit-learn's function for each metric of labels, and what it takes beside truth and prediction.
FUNCTIONS = {
    "f1": ("f1_score", ""),
    "fbeta": ("fbeta_score", ", beta={beta:g}"),
    "precision": ("precision_score", ", zero_division=0"),
    "recall": ("recall_score", ""),
    "accuracy": ("accuracy_score", ""),
    "balanced_accuracy": ("balanced_accuracy_score", ""),
    "matthews_corrcoef": ("matthews_corrcoef", ""),
}


@dataclass(frozen=True)
class Recipe:
    """What a blend is made of.

    Parameters
    ----------
    members : tuple of (Solution, float)
        With their weights, which sum to 1.
    scorer : Scorer
        The metric that ranks.
    classes : tuple
        Class labels in the competition's order; empty for regression.
    features : tuple of str
        Columns that a solution gets.
    """

    definition: Competition
    members: tuple[tuple[Solution, float], ...]
    scorer: Scorer
    classes: tuple[Any, ...]
    features: tuple[str, ...]

    @property
    def has_cut(self) -> bool:
        """Whether probabilities are cut where the metric is best."""
        return len(self.classes) == 2 and self.scorer.metric.needs == "values"

    @property
    def n_fits(self) -> int:
        """How often a trial fits each member."""
        return 1 + N_INNER if self.has_cut else 1


def check_name(repository: Repository, slug: str, name: str) -> Path:
    """Return the file that a solution of this name has.

    Raises
    ------
    PodiumError
        If the name is not allowed or taken.
    """
    if not NAME.fullmatch(name):
        raise PodiumError(f"'{name}' is no name for a solution", "allowed: lower-case letters, digits and underscores")
    path = repository.solutions(slug) / f"{name}.py"
    if path.exists():
        raise PodiumError(f"{path} exists already")
    return path


def create_blend(repository: Repository, recipe: Recipe, name: str) -> Path:
    """Write a blend as ``solutions/<slug>/<name>.py``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    PodiumError
        If the name is not allowed or taken, there are not two members, one cannot stand in a function, or the file is
        none that a competition takes (too large, for instance).
    """
    path = check_name(repository, recipe.definition.slug, name)
    if len(recipe.members) < 2:
        raise PodiumError(f"the best blend is {recipe.members[0][0].name} alone: there is nothing to export")
    text = blend_source(recipe)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, recipe.definition.slug, path.name)
        write_text(draft, text)
        read_solution(draft)
    write_text(path, text)
    return path


def blend_source(recipe: Recipe) -> str:
    """Return the text of a blend's file."""
    solutions = [solution for solution, _ in recipe.members]
    text = TEMPLATES.get_template("blend.py.jinja").render(
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        dependencies=_dependencies(solutions),
        title=_title(solutions),
        authors=_distinct(clean(author) for solution in solutions for author in solution.metadata.authors),
        disclosure=_disclosure(solutions),
        columns=_distinct(column for solution in solutions for column in solution.metadata.columns),
        threads=max(solution.metadata.threads for solution in solutions),
        memory_gb=max(solution.metadata.memory_gb for solution in solutions),
        shares=[(solution.name, f"{weight:.0%}") for solution, weight in recipe.members],
        slug=recipe.definition.slug,
        future=_distinct(name for solution in solutions for name in future_imports(solution.source)),
        classes=list(recipe.classes),
        threshold=_threshold(recipe.scorer) if recipe.has_cut else None,
        inner=_inner(recipe),
        n_inner=N_INNER,
        members=[
            {
                "count": count,
                "function": f"member_{solution.name}",
                "file": f"{solution.origin}/{solution.name}.py",
                "body": as_function_body(solution),
            }
            for solution, count in zip(solutions, _counts([weight for _, weight in recipe.members]), strict=True)
        ],
    )
    return text.rstrip("\n") + "\n"


# --- the header ---


def _dependencies(solutions: Sequence[Solution]) -> list[str]:
    """Bring requirements of the same package together."""
    merged: dict[str, tuple[str, SpecifierSet]] = {}
    own = [Requirement(name) for name in OWN_REQUIREMENTS]
    for requirement in (*own, *(one for solution in solutions for one in solution.requirements)):
        key = canonicalize_name(requirement.name)
        name, specifier = merged.get(key, (requirement.name, SpecifierSet()))
        merged[key] = (name, specifier & requirement.specifier)
    return [f"{name}{specifier}" for _, (name, specifier) in sorted(merged.items())]


def _title(solutions: Sequence[Solution]) -> str:
    named = "Blend of " + ", ".join(solution.name for solution in solutions)
    return named if len(named) <= MAX_TITLE else f"Blend of {len(solutions)} solutions"


def _disclosure(solutions: Sequence[Solution]) -> str:
    """What one member discloses holds for the blend."""
    told: dict[str, bool] = {}
    for solution in solutions:
        for key, value in solution.metadata.disclosure.items():
            told[key] = told.get(key, False) or value
    return ", ".join(f"{json.dumps(clean(key))} = {json.dumps(value)}" for key, value in told.items())


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


# --- what differs by competition ---


def _threshold(scorer: Scorer) -> dict[str, str]:
    function, arguments = FUNCTIONS[scorer.metric.name]
    beta = float(scorer.params.get("beta", 1.0))
    return {"title": scorer.metric.title, "function": function, "arguments": arguments.format(beta=beta)}


def _inner(recipe: Recipe) -> dict[str, str]:
    """Columns that folds within the training rows go by, as the competition's own do where a solution sees them."""
    data, strategy = recipe.definition.data, recipe.definition.cv.strategy
    if strategy in ("blocks", "forward") and data.time in recipe.features:
        return {"time": data.time or "", "group": ""}
    if strategy == "group" and data.group in recipe.features:
        return {"time": "", "group": data.group or ""}
    return {"time": "", "group": ""}


def _counts(weights: Sequence[float]) -> list[int]:
    """How often each member was chosen."""
    shares = [Fraction(weight).limit_denominator(LARGEST_COUNT) for weight in weights]
    steps = math.lcm(*(share.denominator for share in shares))
    return [int(share * steps) for share in shares]
