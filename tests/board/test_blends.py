"""Blends from what the cache holds: found under what results say of themselves, missing where it is not whole."""

from dataclasses import replace

import numpy as np
import pytest

from competition.board.blends import blending
from competition.board.library import read_library
from competition.board.table import build
from competition.evaluation.cache import TrialCache
from competition.evaluation.engine import Earlier, SolutionEnded, evaluate
from competition.solution import read_solution

# Rows are called by x with a noise of each solution's own.
NOISY = """
from dataclasses import replace

import numpy as np


def make_estimator(random_state, n_threads):
    return Noisy()


class Noisy:
    def fit(self, X, y):
        self.classes_ = np.array([0, 1])

    def {method}(self, X):
        noise = np.random.default_rng({seed}).normal(size=1000)[X["order"].to_numpy()]
        positive = 1 / (1 + np.exp(-2 * (X["x"] + noise).to_numpy()))
        return np.column_stack([1 - positive, positive]){column}

    def predict(self, X):
        return (self.{method}(X){picked} > {middle}).astype(int)
"""
PROBABILITIES = {"method": "predict_proba", "column": "", "picked": "[:, 1]", "middle": 0.5}
DECISION = {"method": "decision_function", "column": "[:, 1] - 0.5", "picked": "", "middle": 0}
BODIES = {
    "one": NOISY.format(seed=1, **PROBABILITIES),
    "other": NOISY.format(seed=2, **PROBABILITIES),
    "copy": NOISY.format(seed=2, **PROBABILITIES) + "# the same again\n",
    "no_probabilities": NOISY.format(seed=3, **DECISION),
    "broken": "def make_estimator(random_state, n_threads):\n    raise ValueError\n",
}
CHANGES = {"cv": {"strategy": "stratified", "n_splits": 3}, "ranking": {"cluster": "row", "n_seeds": 1}}


@pytest.fixture(scope="module")
def evaluated_in(tmp_path_factory, new_competition, write_solution, entry_of, worker):
    """Data, solutions, their results and the cache, made once."""
    from competition.dataset import prepare, read_prepared

    root = tmp_path_factory.mktemp("blends")
    repository, definition = new_competition(root, **CHANGES)
    prepare(repository, definition)
    prepared = read_prepared(repository, definition)
    paths = {name: write_solution(root, name, body) for name, body in BODIES.items()}
    cache = TrialCache(repository.cache)
    events = evaluate(prepared, [entry_of(path) for path in paths.values()], worker, Earlier(cache))
    results = {event.entry.program.name: event.result for event in events if isinstance(event, SolutionEnded)}
    return prepared, {name: read_solution(path) for name, path in paths.items()}, results, cache


@pytest.fixture
def board(evaluated_in):
    prepared, _, results, _ = evaluated_in
    return build(prepared.definition, results.values(), prepared.manifest)


def test_out_of_fold_predictions_are_those_of_the_score(evaluated_in):
    prepared, solutions, results, cache = evaluated_in
    library = read_library(prepared, [(solutions[name], results[name]) for name in ("one", "other")], cache)
    assert (library.names, library.missing) == (("one", "other"), ())
    assert len(library.made.truth) == len(prepared.train.y)
    scorer = prepared.definition.scorer("f1", 2)
    for name, predictions in zip(library.names, library.made.library, strict=True):
        assert scorer(library.made.truth, predictions) == pytest.approx(results[name].metrics["f1"])
    for fold in prepared.folds:
        assert set(np.flatnonzero(library.made.fold == fold.fold)) == set(fold.valid)


def test_pairs_the_best_blend_and_who_has_no_part(evaluated_in, board):
    prepared, solutions, _, cache = evaluated_in
    found = blending(board, prepared, solutions, cache)
    names = {tuple(sorted(found.rows[place].name for place in (pair.first, pair.second))) for pair in found.pairs}
    assert names == {("one", "other"), ("copy", "one"), ("copy", "other")}
    assert [pair.identical for pair in found.pairs].count(True) == 1
    assert found.pairs[0].blend.gain > 0
    assert sum(weight for _, weight in found.members) == pytest.approx(1)
    assert found.interval.low <= found.best.gain <= found.interval.high
    assert {one.name: (one.why, one.command) for one in found.missing} == {
        "no_probabilities": ("gives no probabilities, which a blend averages", ""),
        "broken": ("failed: error", ""),
    }


def test_what_the_cache_lacks_or_holds_otherwise_is_missing(evaluated_in, tmp_path):
    prepared, solutions, results, cache = evaluated_in
    chosen = {name: solutions[name] for name in ("one", "other", "copy")}
    other_machine = results["one"].provenance.model_copy(update={"numerics": "another"})
    other_predictions = [one.model_copy(update={"predictions": "0" * 16}) for one in results["other"].trials]
    changed = [
        results["one"].model_copy(update={"provenance": other_machine}),
        results["other"].model_copy(update={"trials": tuple(other_predictions)}),
        results["copy"],
    ]
    board = build(prepared.definition, changed, prepared.manifest)
    found = blending(board, prepared, chosen, cache, local=["one"])
    assert found.best is None
    assert found.reason == "a blend takes two solutions, and there is one"
    assert {one.name: one.command for one in found.missing} == {
        "one": "podium run small-binary one --fresh",
        "other": "podium run small-binary other",
    }
    empty = blending(board, prepared, chosen, TrialCache(tmp_path))
    assert empty.reason == "a blend takes two solutions, and there is none"
    assert all(one.why == "its predictions are not in the cache" for one in empty.missing)


def test_results_of_other_data_or_another_harness_have_no_part(evaluated_in):
    prepared, solutions, results, cache = evaluated_in
    stale = results["one"].provenance.model_copy(update={"data": "0" * 16})
    made = [results["one"].model_copy(update={"provenance": stale}), results["other"], results["copy"]]
    chosen = {name: solutions[name] for name in ("one", "other", "copy", "no_probabilities")}
    found = blending(build(prepared.definition, made, prepared.manifest), prepared, chosen, cache)
    missing = {one.name: one for one in found.missing}
    assert missing["one"].why.startswith("stale: made on other data")
    assert missing["one"].command == "podium run small-binary one"
    assert missing["no_probabilities"].why == "not evaluated yet"
    assert [row.name for row in found.rows] == ["copy", "other"]
    assert found.best.gain == 0
    assert found.verdict == "Nothing here says that a blend is better than the best single solution."


def test_two_folds_are_too_few(evaluated_in, board):
    prepared, solutions, _, cache = evaluated_in
    two = replace(prepared, folds=prepared.folds[:2])
    cut = [
        row.result.model_copy(update={"trials": tuple(one for one in row.result.trials if one.fold < 2)})
        for row in board.ranked
    ]
    found = blending(build(prepared.definition, cut, prepared.manifest), two, solutions, cache)
    assert found.best is None
    assert found.reason.endswith("which takes 3, and there are 2")
