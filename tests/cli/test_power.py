"""`podium power`, as a user types it."""

import json

import pytest

from competition.ranking import power

NOISY = """
import numpy as np

SEED = {seed}


def make_estimator(random_state, n_threads):
    return Noisy()


class Noisy:
    def fit(self, X, y):
        self.classes_ = np.array([0, 1])

    def predict(self, X):
        noise = np.random.default_rng(SEED).normal(size=1000)[X["order"].to_numpy()]
        return (X["x"] + noise > 0).astype(int).to_numpy()
"""


@pytest.fixture
def repository(tmp_path, monkeypatch, new_competition, write_solution):
    """A competition with two solutions, whose simulation is quick."""
    monkeypatch.setattr(power, "N_DRAWS", 10)
    monkeypatch.setattr(power, "N_RESAMPLES", 100)
    monkeypatch.setattr(power, "N_BISECTIONS", 3)
    made, _ = new_competition(tmp_path, ranking={"cluster": "row", "n_seeds": 1})
    for seed in (1, 2):
        write_solution(tmp_path, f"noisy_{seed}", NOISY.format(seed=seed))
    monkeypatch.chdir(tmp_path)
    return made


def test_the_smallest_difference_is_told_from_predictions_that_are_kept(repository, podium):
    code, _, told = podium("power", "small-binary")
    assert code == 2
    assert "podium prepare small-binary" in told
    assert podium("run")[0] == 0
    code, out, _ = podium("power", "small-binary", "--json")
    assert code == 0
    content = json.loads(out)
    assert content["baselines"] == 2
    assert content["gap_of_neighbours"] is None
    (reference,) = content["references"]
    parts = reference["parts"]
    assert list(parts) == ["cross-validation", "public part", "private part"]
    assert parts["cross-validation"]["rows"] > parts["public part"]["rows"]
    assert parts["cross-validation"]["difference"] > 0
    for part in parts.values():
        assert (part["difference"] is None) == bool(part["reason"])

    code, out, _ = podium("power", "small-binary", "noisy_1")
    assert code == 0
    assert "1 baselines" not in out
    assert "noisy_1" in out

    assert podium("cache", "--prune", 0)[0] == 0
    code, out, told = podium("power", "small-binary")
    assert code == 2
    assert "podium run small-binary --fresh" in told
