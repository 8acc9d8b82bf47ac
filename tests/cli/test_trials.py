"""What the commands that fit solutions share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from competition.cli.trials import n_trials
from competition.dataset import Prepared
from competition.evaluation.entries import Entry
from competition.evaluation.plan import plan
from competition.results import Failure

SOLUTION = """
def make_estimator(random_state, n_threads):
    return None
"""


@pytest.mark.parametrize(
    "cv",
    [
        {"strategy": "stratified", "n_splits": 3, "n_repeats": 2},
        {"strategy": "forward", "n_splits": 2},
        {"strategy": "group", "n_splits": 4},
    ],
)
def test_trials_are_counted_as_they_are_planned(
    prepared_small: Callable[..., Prepared],
    write_solution: Callable[..., Path],
    entry_of: Callable[[Path], Entry],
    tmp_path: Path,
    cv: dict[str, object],
) -> None:
    prepared = prepared_small(cv=cv, ranking={"n_seeds": 4})
    entries = [entry_of(write_solution(tmp_path, name, SOLUTION)) for name in "ab"]
    assert n_trials(prepared.definition, entries) == len(plan([entry.program for entry in entries], prepared))
    # What cannot be run at all takes no worker.
    entries[0] = replace(entries[0], failure=Failure(type="dependency", message="no such package"))
    assert n_trials(prepared.definition, entries) == len(plan([entries[1].program], prepared))
