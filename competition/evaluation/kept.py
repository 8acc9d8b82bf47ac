"""Out-of-fold predictions of results, as earlier runs have left them in the cache: no trial runs for them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from competition.dataset import Prepared
from competition.evaluation.cache import TrialCache
from competition.evaluation.engine import Earlier, run_trials
from competition.evaluation.entries import Entry
from competition.evaluation.outcomes import Outcome, Work
from competition.evaluation.plan import Program, plan
from competition.evaluation.scoring import Finished, finish
from competition.evaluation.surroundings import Surroundings
from competition.results import Result


def kept_folds(
    prepared: Prepared, results: Sequence[Result], sources: Mapping[str, str], cache: TrialCache
) -> dict[str, list[Finished]]:
    """Find the trials on validation folds that results are made of.

    Parameters
    ----------
    prepared : Prepared
        The data that the results were made on.
    results : sequence of Result
        Without failures.
    sources : mapping
        Text of the solutions' files as they were evaluated, by name.
    cache : TrialCache
        Where outcomes are looked up, under the conditions that a result's provenance tells.

    Returns
    -------
    dict
        By name of the solution the trials of all folds, where each of them is in the cache with the very predictions
        that the result is of; other solutions are left out.
    """
    made_in: dict[Surroundings, list[Result]] = defaultdict(list)
    for result in results:
        if result.solution.name in sources:
            made_in[_surroundings(result)].append(result)
    found: dict[str, list[Finished]] = {}
    for where, of_these in made_in.items():
        entries = {result.solution.name: _entry(result, sources[result.solution.name]) for result in of_these}
        trials = [
            trial for trial in plan([one.program for one in entries.values()], prepared) if trial.split.part == "cv"
        ]
        folds: dict[str, list[Finished]] = defaultdict(list)
        for trial, outcome, _ in run_trials(trials, prepared, entries, _Nowhere(where), Earlier(cache)):
            folds[trial.program.name].append(finish(trial, outcome, prepared))
        found |= {
            result.solution.name: made
            for result in of_these
            if (made := folds[result.solution.name]) and _prints(made) == _recorded_prints(result)
        }
    return found


@dataclass(frozen=True)
class _Nowhere:
    """An executor that runs nothing: what is not in the cache stays unknown."""

    surroundings: Surroundings
    jobs: int = 1

    def run(self, works: Iterable[tuple[int, Work]]) -> Iterator[tuple[int, Outcome]]:
        return iter(())


def _surroundings(result: Result) -> Surroundings:
    made = result.provenance
    return Surroundings(made.python, made.platform, made.numerics, made.isolation, made.child)


def _entry(result: Result, source: str) -> Entry:
    card, made = result.solution, result.provenance
    program = Program(card.name, f"solutions/{card.origin}/{card.name}.py", "source", source.encode())
    return Entry(program, card, made.solution_file, packages=made.packages)


def _prints(folds: Iterable[Finished]) -> dict[tuple[int, int], str | None]:
    return {(one.record.repeat, one.record.fold): one.record.predictions for one in folds}


def _recorded_prints(result: Result) -> dict[tuple[int, int], str | None]:
    return {(trial.repeat, trial.fold): trial.predictions for trial in result.trials if trial.part == "cv"}
