"""The organiser's desk: whose look it is, how many there are, and what is told of them."""

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from competition.errors import PodiumError
from competition.feedback.closing import close
from competition.feedback.desk import Answer, Desk, Handed
from competition.feedback.ledger import opened
from competition.feedback.published import read_published
from competition.results import Predictions

Sealed = Callable[..., Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def wrong_in(desk: Desk, n_wrong: int) -> Predictions:
    """Predictions that are wrong in as many rows, spread evenly."""
    values = desk.answers.y.copy()
    values[np.linspace(0, len(values) - 1, n_wrong).astype(int)] ^= 1
    return Predictions(values)


def hand_in(desk: Desk, n_wrong: int, *authors: str, at: datetime = NOON, name: str = "a.csv") -> Answer:
    return desk.hand_in(Handed(authors, name, "submission", wrong_in(desk, n_wrong)), at)


def test_looks_are_counted_by_author(sealed: Sealed) -> None:
    made = sealed()
    desk = made.desk()
    first = hand_in(desk, 90, "Ada")
    assert first.looks == {"Ada": 1}
    assert first.release == first.best
    assert hand_in(desk, 20, "Ada", "Bob").looks == {"Ada": 2, "Bob": 1}
    feedback = read_published(made.repository, made.definition.slug).feedback
    assert feedback is not None
    assert {one.author: one.looks for one in feedback.authors} == {"Ada": 2, "Bob": 1}


@pytest.mark.parametrize("other", ["ada  l.", " Ada L.", "\uff21da L.", "Ada\u200b L."])
def test_another_spelling_makes_no_new_author(sealed: Sealed, other: str) -> None:
    desk = sealed().desk()
    hand_in(desk, 90, "Ada L.")
    assert list(hand_in(desk, 89, other).looks.values()) == [2]
    with opened(desk.vault) as books:
        assert len(books.read(desk.key).public("small-binary", "f1", greater_is_better=True).authors) == 1


def test_the_same_predictions_again_are_no_look(sealed: Sealed) -> None:
    desk = sealed().desk()
    first = hand_in(desk, 90, "Ada")
    again = hand_in(desk, 90, "Ada", name="renamed.csv")
    assert (again.release, again.looks, again.is_new) == (first.release, {"Ada": 1}, False)
    assert hand_in(desk, 90, "Bob").is_new


def test_what_is_not_significantly_better_is_not_told(sealed: Sealed) -> None:
    desk = sealed().desk()
    first = hand_in(desk, 60, "Ada")
    for n_wrong in (59, 61, 120):
        answer = hand_in(desk, n_wrong, "Ada")
        assert answer.release is None
        assert answer.best == first.release
    better = hand_in(desk, 10, "Ada")
    assert better.release is not None
    assert better.release.score > first.best.score


def test_a_new_partner_brings_no_new_ladder(sealed: Sealed) -> None:
    desk = sealed().desk()
    hand_in(desk, 60, "Ada")
    assert hand_in(desk, 61, "Ada", "Bob").release is None


def test_a_limit_of_looks_is_told_and_ends_at_midnight(sealed: Sealed) -> None:
    desk = sealed(feedback={"looks_per_day": 2}).desk()
    for n_wrong in (90, 60):
        hand_in(desk, n_wrong, "Ada")
    with pytest.raises(PodiumError, match="Ada has used the 2 looks of 2026-03-01; feedback"):
        hand_in(desk, 30, "Ada")
    with pytest.raises(PodiumError, match="Ada has used"):
        hand_in(desk, 30, "Bob", "Ada")
    assert not hand_in(desk, 90, "Ada").is_new
    assert hand_in(desk, 30, "Bob").looks == {"Bob": 1}
    assert hand_in(desk, 30, "Ada", at=NOON + timedelta(hours=12)).looks == {"Ada": 3}


def test_without_feedback_nothing_is_told(sealed: Sealed) -> None:
    made = sealed(feedback=None)
    answer = hand_in(made.desk(), 10, "Ada")
    assert (answer.release, answer.best, answer.looks) == (None, None, {"Ada": 1})
    assert close(made.desk()).finals[0].looks == 1


def test_what_the_metric_needs_is_asked_for_before_a_look_is_counted(sealed: Sealed) -> None:
    desk = sealed(metric={"primary": "roc_auc", "also": []}).desk()
    with pytest.raises(PodiumError, match=r"a\.csv: ROC AUC cannot be computed from it; the metric needs scores"):
        hand_in(desk, 10, "Ada")
    assert not desk.vault.ledger.exists()


@pytest.mark.parametrize("authors", [(), ("",), (" \u200b",), ("A" * 81,)])
def test_a_look_needs_an_author(sealed: Sealed, authors: tuple[str, ...]) -> None:
    with pytest.raises(PodiumError, match="author"):
        hand_in(sealed().desk(), 10, *authors)


def test_a_public_half_of_few_days_is_refused(sealed: Sealed) -> None:
    made = sealed(ranking={"cluster": "group"})
    with pytest.raises(PodiumError, match="feedback: the public half has 4 groups, and the Ladder needs 10"):
        made.desk()


# --- closing ---


def test_the_best_submission_of_each_author_counts_in_the_end(sealed: Sealed) -> None:
    made = sealed()
    desk = made.desk()
    for n_wrong, author in ((60, "Ada"), (10, "Ada"), (30, "Ada"), (40, "Bob")):
        hand_in(desk, n_wrong, author, name=f"{n_wrong}.csv")
    closed = close(desk, NOON)
    assert [final.name for final in closed.finals] == ["10.csv", "40.csv"]
    assert [final.private_rank for final in closed.finals] == [1, 2]
    assert (closed.kendall_tau, closed.date) == (1.0, "2026-03-01")
    assert read_published(made.repository, made.definition.slug).closed == closed
    with pytest.raises(PodiumError, match="'small-binary' was closed on 2026-03-01"):
        hand_in(desk, 5, "Ada")


def test_closing_again_changes_nothing_and_mends_what_is_gone(sealed: Sealed) -> None:
    made = sealed()
    desk = made.desk()
    with pytest.raises(PodiumError, match="nothing was handed in to 'small-binary'"):
        close(desk)
    hand_in(desk, 10, "Ada")
    closed = close(desk, NOON)
    path = made.repository.leaderboard(made.definition.slug) / "closed.json"
    path.unlink()
    with pytest.raises(PodiumError, match="was closed"):
        hand_in(desk, 5, "Ada")
    assert close(desk, NOON + timedelta(days=1)) == closed
    assert path.exists()


# --- the files ---


def _hand_in_ten(desk: Desk, author: str, start: int) -> None:
    for n_wrong in range(start, start + 10):
        hand_in(desk, n_wrong, author)


def test_two_at_once_lose_no_look(sealed: Sealed) -> None:
    made = sealed()
    desk = made.desk()
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_hand_in_ten, args=(desk, "Ada", start)) for start in (20, 60)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    feedback = read_published(made.repository, made.definition.slug).feedback
    assert feedback is not None
    assert [one.looks for one in feedback.authors] == [20]


def test_what_stands_beside_the_key_is_its_owners_alone(sealed: Sealed) -> None:
    desk = sealed().desk()
    hand_in(desk, 10, "Ada")
    close(desk)
    own = [path for path in desk.vault.folder.rglob("*") if path.is_file() and path.parent != desk.vault.raw]
    assert {path.name for path in own} >= {"secret", "key.parquet", "ledger.json", "closed.json", "lock"}
    assert {path.stat().st_mode & 0o777 for path in own} == {0o600}
    assert desk.vault.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("file", "message"),
    [("ledger.json", "ledger.json was edited or damaged"), ("closed.json", "closed.json was edited or damaged")],
)
def test_a_damaged_file_is_told(sealed: Sealed, file: str, message: str) -> None:
    desk = sealed().desk()
    hand_in(desk, 10, "Ada")
    (desk.vault.folder / file).write_text('{"format": 1}')
    with pytest.raises(PodiumError, match=message):
        hand_in(desk, 5, "Ada")


def test_predictions_that_changed_are_told(sealed: Sealed) -> None:
    desk = sealed().desk()
    hand_in(desk, 60, "Ada")
    first, second = wrong_in(desk, 60), wrong_in(desk, 1)
    with opened(desk.vault) as books:
        books.put(second)
    desk.vault.predictions(second.fingerprint).replace(desk.vault.predictions(first.fingerprint))
    with pytest.raises(PodiumError, match="has changed since it was handed in"):
        hand_in(desk, 5, "Ada")


def test_a_ledger_of_another_key_is_told(sealed: Sealed) -> None:
    desk = sealed().desk()
    hand_in(desk, 10, "Ada")
    path: Path = desk.vault.ledger
    path.write_text(json.dumps(json.loads(path.read_text()) | {"key": "another"}))
    with pytest.raises(PodiumError, match="is of another key of 'small-binary'"):
        hand_in(desk, 5, "Ada")
