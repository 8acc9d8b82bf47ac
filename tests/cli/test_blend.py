"""`podium blend`, and the overall board, as a user types them."""

import json

import pytest

from competition.result_files import read_result

NOISY = """
import numpy as np

SEED = {seed}


def make_estimator(random_state, n_threads):
    return Noisy()


class Noisy:
    def fit(self, X, y):
        self.classes_ = np.array([0, 1])

    def predict_proba(self, X):
        noise = np.random.default_rng(SEED).normal(size=1000)[X["order"].to_numpy()]
        positive = 1 / (1 + np.exp(-2 * (X["x"] + noise).to_numpy()))
        return np.column_stack([1 - positive, positive])

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)
"""


@pytest.fixture
def repository(tmp_path, monkeypatch, new_competition, write_solution):
    """A competition with two solutions whose errors are independent and whose names are the same."""
    changes = {"cv": {"strategy": "stratified", "n_splits": 3}, "ranking": {"cluster": "row", "n_seeds": 1}}
    made, _ = new_competition(tmp_path, **changes)
    for seed in (1, 2):
        write_solution(tmp_path, f"noisy_{seed}", NOISY.format(seed=seed))
    monkeypatch.chdir(tmp_path)
    return made


def test_a_blend_is_shown_from_what_the_cache_holds(repository, podium):
    code, _, told = podium("blend", "small-binary")
    assert code == 2
    assert "podium prepare small-binary" in told
    assert podium("run")[0] == 0
    code, out, _ = podium("blend", "small-binary", "--json")
    assert code == 0
    content = json.loads(out)
    assert set(content["pairs"][0]["solutions"]) == set(content["blend"]["weights"]) == {"noisy_1", "noisy_2"}
    assert content["blend"]["gain"] > 0
    assert content["missing"] == []
    code, out, _ = podium("blend", "small-binary")
    assert code == 0
    assert "best blend of 2 solutions" in out
    assert f"gain {content['blend']['gain']:+.4f}" in out
    code, _, told = podium("blend", "small-binary", "-o", "noisy_1")
    assert code == 2
    assert "exists already" in told
    code, _, told = podium("blend", "small-binary", "nois_1")
    assert code == 2
    assert "noisy_1" in told

    assert podium("cache", "--prune", 0)[0] == 0
    code, out, told = podium("blend", "small-binary", "-o", "mix")
    assert code == 2
    assert "podium run small-binary noisy_1 noisy_2 --fresh" in out
    assert "there is none" in told


@pytest.mark.slow
def test_an_exported_blend_scores_as_promised(repository, podium):
    assert podium("run")[0] == 0
    code, out, told = podium("blend", "small-binary", "--json", "--export", "mix")
    assert code == 0
    assert "solutions/small-binary/mix.py" in told
    assert podium("run", "small-binary", "mix")[0] == 0
    result = read_result(repository.local_results("small-binary") / "mix.json")
    content = json.loads(out)
    assert result.score == pytest.approx(content["blend"]["score"], abs=0.05)
    assert result.score > max(content["pairs"][0]["scores"])


def test_the_overall_board_of_a_single_competition_is_one_line(repository, podium):
    code, out, _ = podium("leaderboard", "--overall", "--record")
    assert code == 0
    assert "No overall board" in " ".join(out.split())
    assert (repository.root / "leaderboard" / "README.md").is_file()
    code, _, told = podium("leaderboard", "small-binary", "--overall")
    assert code == 2
    assert "allowed: one of --overall and 'small-binary'" in " ".join(told.split())


def test_without_a_name_it_is_the_board_of_the_default_competition(repository, podium):
    code, _, told = podium("leaderboard")
    assert code == 2
    assert "'small-binary' has no results yet" in told
