"""Slices of a solution: the worst first, those without a score last, missing ones marked."""

from competition.board.site.weak import SHOWN, weak_slices
from competition.board.slices import Slice, Sliced, Slices


def test_the_worst_slice_comes_first_and_is_told(by_hand) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, by_hand.result(rules, "a", 0.8), by_hand.result(rules, "b", 0.6))
    slices = by_hand.slices(board)
    (weak,) = weak_slices(board, "a", slices)
    assert [line.name for line in (*weak.worst, *weak.others)] == ["<b>2</b>", "1ALTE", "3CLTE"]
    assert weak.summary.startswith("Worst where CellName is <b>2</b>: F1 0.7000 (median solution: 0.7000); best where")
    assert weak.has_intervals
    assert weak.has_positives
    assert weak.n_all == 5


def test_of_errors_the_largest_is_the_worst_and_many_slices_are_folded(by_hand) -> None:
    rules = by_hand.rules("regression")
    board = by_hand.board(rules, by_hand.result(rules, "a", 0.5))
    of_hours = tuple(Slice(f"{hour:02}:00", 10, None, {"a": float(hour)}, {}, float(hour)) for hour in range(24))
    (weak,) = weak_slices(board, "a", Slices((Sliced("hour of t", of_hours, 24),)))
    assert [line.score for line in weak.worst] == [23.0 - at for at in range(SHOWN)]
    assert len(weak.others) == 24 - SHOWN
    assert not weak.has_positives


def test_predictions_that_are_not_here_give_no_slices(by_hand) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, by_hand.result(rules, "a", 0.8), by_hand.result(rules, "b", 0.6))
    assert weak_slices(board, "a", by_hand.slices(board, missing=("a",))) == ()


def test_pages_say_where_a_solution_is_weak_or_that_this_is_not_known(by_hand, parsed) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, by_hand.result(rules, "a", 0.8), by_hand.result(rules, "b", 0.6))
    site = by_hand.site(board, slices=by_hand.slices(board, missing=("b",)))
    known, unknown = (parsed(site[f"tiny/solutions/{name}.html"]) for name in "ab")
    assert "Worst where CellName is <b>2</b>: F1 0.7000" in known.text
    assert "1,200" in known.text
    assert "which were not at hand when this page was written" in unknown.text
    assert known.count("b") == 0
    assert "Where it does badly" not in by_hand.site(board)["tiny/solutions/a.html"]
