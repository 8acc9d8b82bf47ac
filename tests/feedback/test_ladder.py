"""The Ladder: what moves a public score, what does not, and how far an adversary gets."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from competition.feedback.ladder import Rung, Scored, climb
from competition.feedback.published import Release
from competition.metrics import METRICS, Scorer
from competition.results import Predictions

N_ROWS = 1_000
N_BINS = 200
ACCURACY = Scorer(METRICS["accuracy"], 2)
Labels = NDArray[np.int32]


def scored(truth: Labels, values: Labels, scorer: Scorer = ACCURACY) -> Scored:
    predictions, cluster = Predictions(values), np.arange(len(truth)) % N_BINS
    score, statistics = scorer(truth, predictions), scorer.statistics(truth, predictions, cluster, N_BINS)
    assert score is not None
    assert statistics is not None
    return Scored(score, statistics.astype(np.float64), np.bincount(cluster).astype(np.float64))


class Board:
    """One author's Ladder: shows the best public score after each look."""

    def __init__(self, truth: Labels, scorer: Scorer = ACCURACY) -> None:
        self.truth, self.scorer = truth, scorer
        self.rung: Rung | None = None
        self.looks = 0

    def show(self, values: Labels) -> float:
        new = scored(self.truth, values, self.scorer)
        release = climb(new, self.rung, self.looks, self.scorer, 1)
        self.looks += 1
        if release is not None:
            self.rung = Rung(new, release)
        assert self.rung is not None
        return self.rung.release.score


def labels(rng: np.random.Generator, n: int = N_ROWS) -> Labels:
    return rng.integers(0, 2, n).astype(np.int32)


def wrong_in(rng: np.random.Generator, truth: Labels, share: float) -> Labels:
    return np.where(rng.random(len(truth)) < share, 1 - truth, truth).astype(np.int32)


# --- what is told ---


def test_the_first_submission_is_told_rounded() -> None:
    rng = np.random.default_rng(0)
    truth = labels(rng)
    new = scored(truth, wrong_in(rng, truth, 0.2))
    release = climb(new, None, 0, ACCURACY, 1)
    # The standard error is sqrt(0.8 * 0.2 / 1000) = 0.0126.
    assert release is not None
    assert release.step == 0.01
    assert abs(release.score - new.score) <= 0.005 + 1e-12


def test_a_clear_improvement_is_told_and_a_doubtful_one_is_not() -> None:
    rng = np.random.default_rng(1)
    truth = labels(rng)
    first = wrong_in(rng, truth, 0.3)
    board = Board(truth)
    shown = board.show(first)
    doubtful = first.copy()
    mended = np.flatnonzero(first != truth)[:3]
    doubtful[mended] = truth[mended]
    assert board.show(doubtful) == shown
    clear = first.copy()
    mended = np.flatnonzero(first != truth)[:60]
    clear[mended] = truth[mended]
    assert board.show(clear) > shown


def test_pairing_finds_small_improvements() -> None:
    # 0.02 is 1.4 standard errors of each score, and more than four of the difference.
    rng = np.random.default_rng(2)
    truth = labels(rng)
    first = wrong_in(rng, truth, 0.3)
    better = first.copy()
    mended = np.flatnonzero(first != truth)[:20]
    better[mended] = truth[mended]
    board = Board(truth)
    assert board.show(first) < board.show(better)


def test_errors_fall() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(50, 10, N_ROWS)
    scorer = Scorer(METRICS["mean_absolute_error"], 0)
    board = Board(truth, scorer)
    noise = rng.normal(size=N_ROWS)
    shown = [board.show(truth + scale * noise) for scale in (8.0, 9.0, 4.0, 0.0)]
    assert shown[0] == shown[1] > shown[2] > shown[3] == 0.0


@given(
    shares=st.lists(st.floats(0.0, 0.6), min_size=2, max_size=6),
    seed=st.integers(0, 2**20),
    metric=st.sampled_from(["accuracy", "f1", "matthews_corrcoef"]),
)
def test_a_public_score_never_falls_and_moves_by_significant_steps_alone(
    shares: list[float], seed: int, metric: str
) -> None:
    rng = np.random.default_rng(seed)
    truth = labels(rng, 400)
    scorer = Scorer(METRICS[metric], 2)
    best: Rung | None = None
    for looks, share in enumerate(shares):
        new = scored(truth, wrong_in(rng, truth, share), scorer)
        release = climb(new, best, looks, scorer, seed)
        if best is None:
            assert release is not None
        if release is None:
            continue
        assert release.score / release.step == pytest.approx(round(release.score / release.step))
        assert float(f"{release.step:e}".split("e")[0]) in (1, 2, 5)
        assert abs(release.score - new.score) <= release.step / 2 * (1 + 1e-9)
        if best is not None:
            assert release.score > best.release.score
            assert new.score > best.scored.score
        best = Rung(new, release)


def test_the_same_statistics_never_move() -> None:
    truth = labels(np.random.default_rng(4))
    for values in (truth, 1 - truth, np.zeros_like(truth)):
        new = scored(truth, values)
        first = climb(new, None, 0, ACCURACY, 1)
        assert first is not None
        assert climb(new, Rung(new, first), 1, ACCURACY, 1) is None
        # Not even where the first one was rounded down a long way.
        low = Release(score=first.score - 0.1, step=0.2)
        assert climb(new, Rung(new, low), 1, ACCURACY, 1) is None


# --- adversaries ---


def naive(truth: Labels) -> Callable[[Labels], float]:
    """A board that tells the score."""
    return lambda values: float((values == truth).mean())


def vote(show: Callable[[Labels], float], rng: np.random.Generator, n_looks: int) -> float:
    """The boosting attack (Blum and Hardt 2015, section 4): keep coin tosses that do well, and let them vote."""
    kept = [np.full(N_ROWS, 0.5)]
    shown = before = show(labels(rng))
    for _ in range(n_looks):
        values = labels(rng)
        shown = show(values)
        if shown > 0.5 and shown != before:
            kept.append(values)
        before = shown
    return max(shown, show((np.mean(kept, axis=0) > 0.5).astype(np.int32)))


def hill(n_changed: int) -> Callable[[Callable[[Labels], float], np.random.Generator, int], float]:
    """Change some labels at random, and keep what raised the score that is shown."""

    def attack(show: Callable[[Labels], float], rng: np.random.Generator, n_looks: int) -> float:
        values = labels(rng)
        best = show(values)
        for _ in range(n_looks):
            tried = values.copy()
            changed = rng.choice(N_ROWS, n_changed, replace=False)
            tried[changed] = 1 - tried[changed]
            shown = show(tried)
            if shown > best:
                best, values = shown, tried
        return best

    return attack


@pytest.mark.parametrize("attack", [vote, hill(2), hill(30)], ids=["vote", "hill of 2", "hill of 30"])
def test_an_adversary_gets_little_where_a_naive_board_gives_much(
    attack: Callable[[Callable[[Labels], float], np.random.Generator, int], float],
) -> None:
    # The truth is 0.5 whatever is submitted, and the standard error of a score on these rows is 0.016.
    rng = np.random.default_rng(5)
    truth = labels(rng)
    n_looks = 400
    assert attack(naive(truth), np.random.default_rng(6), n_looks) > 0.6
    assert attack(Board(truth).show, np.random.default_rng(6), n_looks) <= 0.55
