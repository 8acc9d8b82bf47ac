"""Podium beside a bare scikit-learn loop and a plain pool: the same models and rows, whole processes."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contest import Contest, copied, prepared_slug
from benchmarks.report import Figure, MeasurementError, Part
from benchmarks.timing import timed
from competition.repository import Repository

CORES = 2
TO_BARE, TO_POOL = 0.95, 1.05
CHECKOUT = Path(__file__).parent.parent
SOLUTIONS = Path(__file__).parent / "solutions"
MODELS = (
    "logistic_regression",
    "hist_gradient_boosting",
    "lightgbm_300",
    "xgboost_300",
    "catboost_300",
    "smote_random_forest",
)
BARE, POOL = "bare loop", "plain pool"


@dataclass(frozen=True)
class Side:
    """A command that evaluates the models."""

    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def measure(
    repository: Repository,
    slug: str | None,
    rounds: int,
    levels: Sequence[str],
    labels_only: bool,
    scratch: Path,
    say: Callable[[str], None],
) -> Part:
    """Let the sides take turns, since the speed of a shared machine drifts, and compare them round by round.

    Parameters
    ----------
    levels : sequence of str
        Levels of isolation, the one that the limits are for first.
    labels_only : bool
        Whether the plain sides leave out the probabilities and all metrics but F1, which podium never does.
    say : callable
        Told each round.

    Raises
    ------
    MeasurementError
        If a side fails, or the data is not prepared.
    """
    slug = prepared_slug(repository, slug)
    contest = copied(repository, slug, scratch / "board", {name: _text(name) for name in MODELS})
    allowed = os.sched_getaffinity(0)
    cores = sorted(allowed)[:CORES]
    sides = _sides(contest, len(cores), levels, "labels" if labels_only else "probabilities")
    say(f"{slug}, {len(MODELS)} models, {len(cores)} cores")
    os.sched_setaffinity(0, cores)
    try:
        _warm_up()
        spent = [_round(number, sides, contest, say) for number in range(1, rounds + 1)]
    finally:
        os.sched_setaffinity(0, allowed)
    outputs = "labels, scored by F1 alone" if labels_only else "labels and probabilities, scored by every metric"
    return Part(
        f"board: {slug}, {len(MODELS)} models, 5 folds and the held-out rows, {len(cores)} cores, {rounds} rounds",
        f"Whole processes that take turns. {BARE}: cross_validate, then fit on all and predict, {len(cores)} threads a "
        f"model. {POOL}: the same trials in {len(cores)} processes, one thread each. Both predict {outputs}. podium: "
        f"podium run --fresh --jobs {len(cores)} on a terminal, its board included; it predicts labels and "
        "probabilities and scores every metric.",
        _figures(spent, levels),
    )


def _sides(contest: Contest, n_cores: int, levels: Sequence[str], output: str) -> dict[str, Side]:
    files = [str(contest.root / "solutions" / contest.slug / f"{name}.py") for name in MODELS]
    data, cores = str(contest.data), str(n_cores)
    loop = [sys.executable, "-m", "benchmarks.sides.bare_loop", data, cores, output, *files]
    pool = [sys.executable, "-m", "benchmarks.sides.plain_pool", data, "1", cores, output, *files]
    run = contest.run(*MODELS, "--fresh", "--jobs", cores)
    return {
        BARE: Side(loop, CHECKOUT, _threads(n_cores)),
        POOL: Side(pool, CHECKOUT, {**_threads(1), "OMP_WAIT_POLICY": "PASSIVE"}),
        **{_podium(level): Side([*run, "--isolation", level], contest.root) for level in levels},
    }


def _threads(count: int) -> dict[str, str]:
    return {f"{library}_NUM_THREADS": str(count) for library in ("OMP", "OPENBLAS", "MKL")}


def _podium(level: str) -> str:
    return f"podium ({level})"


def _text(name: str) -> str:
    return (SOLUTIONS / f"{name}.py").read_text("utf-8")


def _warm_up() -> None:
    """Read every library from disk once, so that the first side does not pay for the others."""
    timed([sys.executable, "-c", "import catboost, imblearn.over_sampling, lightgbm, xgboost"], CHECKOUT)


def _round(number: int, sides: Mapping[str, Side], contest: Contest, say: Callable[[str], None]) -> dict[str, float]:
    spent = {name: timed(side.command, side.cwd, side.environment) for name, side in sides.items()}
    n_trials = sum(len(result.trials) for result in contest.results())
    if n_trials != 6 * len(MODELS):
        raise MeasurementError(f"podium ran {n_trials} trials, not {6 * len(MODELS)}")
    told = (f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    say(f"round {number}: {', '.join(told)}")
    return spent


def _figures(spent: Sequence[Mapping[str, float]], levels: Sequence[str]) -> tuple[Figure, ...]:
    figures = [Figure.median(f"{side}, wall time", [one[side] for one in spent], "s") for side in spent[0]]
    for level in levels:
        for plain, limit in ((BARE, TO_BARE), (POOL, TO_POOL)):
            ratios = [one[_podium(level)] / one[plain] for one in spent]
            figures.append(
                Figure.median(f"{_podium(level)} / {plain}", ratios, "", limit if level == levels[0] else None)
            )
    return tuple(figures)
