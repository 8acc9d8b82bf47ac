"""The corrected resampled t-test stands beside the ranking where it applies, and nowhere else."""

import csv
import io

from rich.console import Console

from competition.board import markdown, terminal
from competition.board.files import to_csv


def shown(board, by_hand):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal.render(board, console))
    return {
        "terminal": " ".join(console.export_text().split()),
        "markdown": markdown.render(board),
        "site": by_hand.site(board)["tiny/index.html"],
    }


def test_the_corrected_t_test_is_a_column_where_folds_are_many_and_random(by_hand) -> None:
    rules = by_hand.rules("regression", n_splits=5, n_repeats=2)
    results = [by_hand.result(rules, name, score) for name, score in zip("abc", (0.5, 0.51, 0.7), strict=True)]
    made = []
    for n, one in enumerate(results):
        scores = [{m: v + 0.003 * ((7 * at + n) % 5) for m, v in t.metrics.items()} for at, t in enumerate(one.trials)]
        trials = (t.model_copy(update={"metrics": found}) for t, found in zip(one.trials, scores, strict=True))
        made.append(one.model_copy(update={"trials": tuple(trials)}))
    board = by_hand.board(rules, *made)
    assert [row.p_against_best is None for row in board.rows] == [True, False, False]
    sentence = "corrected resampled t-test (Nadeau and Bengio 2003) on 10 random splits"
    assert all(sentence in text for text in shown(board, by_hand).values())
    table = [line for line in markdown.render(board).splitlines() if line.startswith("|")]
    assert "| p against the best |" in table[0]
    assert table[-1].count("< 0.001") == 1
    *_, last = csv.DictReader(io.StringIO(to_csv(board)))
    assert float(last["p_against_best"]) < 0.001


def test_it_is_no_column_where_folds_are_few(by_hand) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, *(by_hand.result(rules, name, 0.8) for name in "ab"))
    assert all("p against the best" not in text for text in shown(board, by_hand).values())
