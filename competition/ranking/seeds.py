"""How much of a score is the luck of its seed."""

from dataclasses import dataclass
from statistics import stdev

from competition.results import Result


@dataclass(frozen=True)
class Seeds:
    """The first fold, run with several seeds.

    Parameters
    ----------
    scores : tuple of float
        One for each seed, in the unit of the metric.
    are_alike : bool
        Whether the predictions are identical: the solution does not depend on its seed.
    """

    scores: tuple[float, ...]
    are_alike: bool

    @property
    def deviation(self) -> float:
        """Standard deviation of the score over seeds."""
        return 0.0 if self.are_alike else stdev(self.scores)


def seeds_of(result: Result, metric: str) -> Seeds | None:
    """Collect a solution's trials of the first fold; None where there is one seed, or a score is missing."""
    trials = [
        trial
        for trial in result.trials
        if trial.part == "seeds" or (trial.part, trial.repeat, trial.fold) == ("cv", 0, 0)
    ]
    scores = tuple(score for trial in trials if (score := trial.metrics.get(metric)) is not None)
    if len(trials) < 2 or len(scores) < len(trials):
        return None
    return Seeds(scores, len({trial.predictions for trial in trials}) == 1)
