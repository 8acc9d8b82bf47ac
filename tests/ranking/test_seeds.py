"""How much of a score is luck."""

from statistics import stdev

import pytest

from competition.ranking.seeds import seeds_of


def with_seeds(result, scores, prints):
    """Return the result with its first fold run once more with each further score."""
    first, *others = result.trials
    first = first.model_copy(update={"metrics": {"f1": scores[0]}, "predictions": prints[0]})
    further = [
        first.model_copy(update={"part": "seeds", "seed": 1_000 * n, "metrics": {"f1": score}, "predictions": told})
        for n, (score, told) in enumerate(zip(scores[1:], prints[1:], strict=True), start=1)
    ]
    return result.model_copy(update={"trials": (first, *others, *further)})


def test_the_spread_is_that_of_the_first_fold(make_result):
    seeds = seeds_of(with_seeds(make_result(), [0.8, 0.7, 0.75], ["a", "b", "c"]), "f1")
    assert seeds.scores == (0.8, 0.7, 0.75)
    assert seeds.deviation == pytest.approx(stdev([0.8, 0.7, 0.75]))
    assert not seeds.are_alike


def test_identical_predictions_do_not_depend_on_the_seed_and_equal_scores_may(make_result):
    assert seeds_of(with_seeds(make_result(), [0.8, 0.8], ["a", "a"]), "f1").are_alike
    chance = seeds_of(with_seeds(make_result(), [0.8, 0.8], ["a", "b"]), "f1")
    assert not chance.are_alike
    assert chance.deviation == 0


@pytest.mark.parametrize("scores", [[0.8], [0.8, None]])
def test_one_seed_or_a_missing_score_tells_nothing(make_result, scores):
    assert seeds_of(with_seeds(make_result(), scores, ["a"] * len(scores)), "f1") is None
