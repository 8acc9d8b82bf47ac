"""Predictions of results are found in the cache, and only those that the results are made of."""

import pytest

from competition.evaluation.cache import TrialCache
from competition.evaluation.engine import Earlier, SolutionEnded, evaluate
from competition.evaluation.kept import kept_folds

BODY = """
class Sign:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return (X["x"] > 0).astype(int).to_numpy()


def make_estimator(random_state, n_threads):
    return Sign()
"""


@pytest.fixture
def evaluated_once(tmp_path, prepared_small, write_solution, entry_of, worker):
    """Data, the result of a solution, its text, and the cache that holds its trials."""
    prepared = prepared_small()
    path = write_solution(tmp_path, "sign", BODY)
    cache = TrialCache(tmp_path / "cache")
    events = list(evaluate(prepared, [entry_of(path)], worker, Earlier(cache)))
    (result,) = (event.result for event in events if isinstance(event, SolutionEnded))
    return prepared, result, path.read_text(), cache


def test_kept_predictions_are_those_of_the_result(evaluated_once, tmp_path):
    prepared, result, text, cache = evaluated_once
    found = kept_folds(prepared, [result], {"sign": text}, cache)
    assert [one.record.predictions for one in found["sign"]] == [
        trial.predictions for trial in result.trials if trial.part == "cv"
    ]
    assert all((one.predictions.values == prepared.train.y[one.rows]).all() for one in found["sign"])

    other_text = {"sign": text + "# another\n"}
    assert kept_folds(prepared, [result], other_text, cache) == {}
    assert kept_folds(prepared, [result], {}, cache) == {}
    assert kept_folds(prepared, [result], {"sign": text}, TrialCache(tmp_path / "empty")) == {}

    forged = tuple(trial.model_copy(update={"predictions": "0" * 16}) for trial in result.trials)
    assert kept_folds(prepared, [result.model_copy(update={"trials": forged})], {"sign": text}, cache) == {}
    elsewhere = result.provenance.model_copy(update={"numerics": "another"})
    assert kept_folds(prepared, [result.model_copy(update={"provenance": elsewhere})], {"sign": text}, cache) == {}
