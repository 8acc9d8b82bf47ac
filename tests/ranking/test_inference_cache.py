"""What was inferred is taken again for the very same evidence only, and only where its file is whole."""

from dataclasses import replace

import numpy as np
import pytest

from competition.errors import PodiumError
from competition.evaluation.sources import Harness
from competition.metrics import METRICS, Scorer
from competition.ranking import inference_cache
from competition.ranking.inference import Evidence, infer_from
from competition.ranking.inference_cache import cached_in
from competition.ranking.resampling import Contestant

FIELDS = ("low", "high", "first_share", "rank_low", "rank_high")


def evidence_of(n_solutions=3, n_clusters=12):
    counts = np.array([(40, 5, 3, 12)] * n_clusters, dtype=np.float64)
    counts[:, 1] += np.arange(n_clusters) % 4
    contestants = tuple(
        Contestant((counts + np.array([0, place, 0, 0]))[None], 0.8 - place / 100, 0.01 * place, 5)
        for place in range(n_solutions)
    )
    return Evidence(contestants, Scorer(METRICS["f1"], 2), 7)


def same(one, other):
    return one.reason == other.reason and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        and getattr(getattr(one, name), "dtype", None) == getattr(getattr(other, name), "dtype", None)
        for name in FIELDS
    )


@pytest.fixture
def calls(monkeypatch):
    """Evidence that something was inferred from, one entry a time."""
    made = []

    def counted(evidence):
        made.append(evidence)
        return infer_from(evidence)

    monkeypatch.setattr(inference_cache, "infer_from", counted)
    return made


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(evidence_of(), id="three solutions"),
        pytest.param(evidence_of(n_clusters=4), id="too few clusters, which has a reason"),
        pytest.param(evidence_of(1, 4), id="a single one, which has a range of ranks all the same"),
    ],
)
def test_the_second_time_is_like_the_first(tmp_path, calls, evidence):
    file = tmp_path / "inferences" / "spam"
    first, second = cached_in(file)(evidence), cached_in(file)(evidence)
    assert len(calls) == 1
    assert same(first, infer_from(evidence))
    assert same(second, first)


def with_first(evidence, **changes):
    first, *others = evidence.contestants
    return replace(evidence, contestants=(replace(first, **changes), *others))


CHANGES = {
    "a sum": lambda e: with_first(e, statistics=e.contestants[0].statistics + 1),
    "a score": lambda e: with_first(e, score=0.81),
    "a deviation over seeds": lambda e: with_first(e, seed_deviation=0.02),
    "a number of fits": lambda e: with_first(e, n_fits=6),
    "one solution less": lambda e: replace(e, contestants=e.contestants[:2]),
    "another order": lambda e: replace(e, contestants=e.contestants[::-1]),
    "another metric": lambda e: replace(e, scorer=Scorer(METRICS["precision"], 2)),
    "a parameter": lambda e: replace(e, scorer=Scorer(METRICS["f1"], 2, {"average": "macro"})),
    "another seed": lambda e: replace(e, seed=8),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_other_evidence_is_inferred_from_anew_and_takes_the_place(tmp_path, calls, change):
    infer, before = cached_in(tmp_path / "spam"), evidence_of()
    after = change(before)
    infer(before)
    assert same(infer(after), infer_from(after))
    infer(after)
    assert len(calls) == 2


@pytest.mark.parametrize("name", ["this_harness", "fingerprint"])
def test_other_code_infers_anew(tmp_path, calls, monkeypatch, name):
    infer = cached_in(tmp_path / "spam")
    infer(evidence_of())
    monkeypatch.setattr(
        inference_cache, name, lambda *_: Harness("other", "other") if name == "this_harness" else "other"
    )
    infer(evidence_of())
    assert len(calls) == 2


def test_every_bit_of_the_file_counts(tmp_path, calls):
    file = tmp_path / "spam"
    first = cached_in(file)(evidence_of())
    whole = file.read_bytes()
    for place in (0, 31, 32, 100, len(whole) // 2, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        assert same(cached_in(file)(evidence_of()), first)
        assert file.read_bytes() == whole
    for cut in (b"", whole[:10], whole[:-1]):
        file.write_bytes(cut)
        assert same(cached_in(file)(evidence_of()), first)
    assert len(calls) == 1 + 6 + 3


def test_where_nothing_can_be_kept_the_board_is_shown_all_the_same(tmp_path, calls, monkeypatch):
    def full(*_):
        raise PodiumError("cannot write: no space left on device")

    monkeypatch.setattr(inference_cache.checked, "write", full)
    infer = cached_in(tmp_path / "spam")
    assert same(infer(evidence_of()), infer(evidence_of()))
    assert len(calls) == 2
