"""Time what every evaluation of these trials must do besides fit and predict: gather the rows, score.

The rows are gathered as a trial does it, in a forked child from shared memory. Usage: ``python -m
benchmarks.sides.parts ROOT SLUG``, after a run; seconds go to stdout as JSON.
"""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from competition.dataset import Prepared, read_prepared
from competition.definition import read_competition
from competition.evaluation import wire
from competition.evaluation.outcomes import Outcome
from competition.evaluation.plan import Program, Trial, plan
from competition.evaluation.scoring import finish, summarise
from competition.evaluation.trial import warm_up
from competition.repository import Repository
from competition.result_files import read_results
from competition.results import Predictions


@dataclass(frozen=True)
class Seconds:
    """What the trials of one solution take together; summarising comes after the last of them."""

    trials: int
    gathering: float
    scoring: float
    summarising: float


def measure(repository: Repository, slug: str) -> Seconds:
    """Gather and score each trial of the first solution that has a result."""
    prepared = read_prepared(repository, read_competition(repository.data(slug) / "competition.toml"))
    results, _ = read_results(repository.local_results(slug))
    result = next(iter(results.values()))
    trials = plan([Program(result.solution.name, "", "source", b"")], prepared)
    train, heldout = (wire.to_memory(wire.table_message(part.X)) for part in (prepared.train, prepared.heldout))
    warm_up()  # as a worker does before it forks
    gathering = sum(_gather(trial, prepared, train, heldout) for trial in trials)
    started = time.perf_counter()
    finished = [finish(trial, _outcome(trial), prepared) for trial in trials]
    scored = time.perf_counter()
    summarise(finished, result.solution, result.provenance, prepared)
    return Seconds(len(trials), gathering, scored - started, time.perf_counter() - scored)


def _gather(trial: Trial, prepared: Prepared, train: int, heldout: int) -> float:
    split = trial.split
    labels = wire.to_memory(
        wire.encode({"train": split.train, "predict": split.predict, "y": prepared.train.y[split.train]}, {})
    )
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        started = time.perf_counter()
        with wire.mapped(labels) as memory:
            rows = {name: array.copy() for name, array in wire.decode(memory)[0].items()}
        np.asarray(prepared.classes)[rows["y"]]
        for table, name in ((train, "train"), (heldout if split.part == "heldout" else train, "predict")):
            with wire.mapped(table) as memory:
                wire.take_rows(*wire.decode(memory), rows[name])
        os.write(write, json.dumps(time.perf_counter() - started).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    seconds = float(os.read(read, 100))
    for descriptor in (labels, read, write):
        os.close(descriptor)
    return seconds


def _outcome(trial: Trial) -> Outcome:
    """Return what the solution of `overhead` predicts: the first class, with one probability for all."""
    n = len(trial.split.predict)
    predictions = Predictions(np.zeros(n, dtype=np.int32), np.tile([0.7, 0.3], (n, 1)), "probability")
    return Outcome(predictions, None, 0.0, 0.0, 0.0, 0.0)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Repository(Path(sys.argv[1])), sys.argv[2]))))
