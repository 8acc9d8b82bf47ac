"""What a reader has to know before taking a number on the board at its word."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from competition.definition import Competition
from competition.metrics import METRICS
from competition.results import Result


def same_predictions(results: Iterable[Result]) -> dict[str, tuple[str, ...]]:
    """Name the solutions that predict every out-of-fold row alike, to the bit.

    Returns
    -------
    dict
        By name of each solution that has such others, their names in the order of the alphabet.
    """
    groups: dict[tuple[str | None, ...], list[str]] = defaultdict(list)
    for result in results:
        prints = tuple(trial.predictions for trial in result.trials if trial.part == "cv")
        if prints and None not in prints:
            groups[prints].append(result.solution.name)
    return {name: tuple(sorted(set(names) - {name})) for names in groups.values() if len(names) > 1 for name in names}


def remarks(ranked: Sequence[Result], definition: Competition) -> tuple[str, ...]:
    """Say in one sentence each what limits the scores: folds without one, nobody to compare with."""
    said = [_undefined(name, ranked) for name in definition.metric_names if not METRICS[name].pooled]
    if len(ranked) == 1:
        said.append("A single solution has a score: there is nobody to compare it with.")
    return tuple(sentence for sentence in said if sentence)


def _undefined(metric: str, ranked: Sequence[Result]) -> str:
    """Say on how many folds a metric that is averaged over folds has no value though the solutions have scores."""
    counts = [
        sum(trial.metrics.get(metric) is None for trial in result.trials if trial.part == "cv")
        for result in ranked
        if result.metrics.get(metric) is not None
    ]
    n_undefined = max(counts, default=0)
    if not n_undefined:
        return ""
    n_folds = max(sum(trial.part == "cv" for trial in result.trials) for result in ranked)
    undefined = f"{METRICS[metric].title} is undefined on {n_undefined} of {n_folds} folds, for want of a class there"
    return f"{undefined}; the others are averaged."
