"""What the README tells of the boards is what they say."""

import csv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOLUTIONS = {
    "random guesses at the right rate": "stratified_dummy",
    "logistic regression": "logistic_regression",
    "SMOTE, then LightGBM": "smote_lightgbm",
    "LightGBM, plain": "lightgbm_plain",
    "LightGBM, tuned, with its threshold": "lightgbm_tuned",
    "multi-scale ConvLSTM": "multiscale_convlstm",
    "LightGBM on a cell's past, profile and neighbours": "context_lightgbm",
}


def scores(slug: str) -> dict[str, str]:
    """F1 to three digits by solution, the best one first."""
    with (ROOT / "leaderboard" / slug / "leaderboard.csv").open(encoding="utf-8") as file:
        return {row["solution"]: f"{float(row['f1']):.3f}" for row in csv.DictReader(file)}


def table() -> dict[str, dict[str, str]]:
    """Cells of the table of scores, by competition and row."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| | cellular-anomaly"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start : lines.index("", start)]]
    (_, *slugs), _, *body = rows
    return {slug: {row[0]: row[1 + place] for row in body} for place, slug in enumerate(slugs)}


@pytest.mark.parametrize("slug", sorted(path.parent.name for path in ROOT.glob("leaderboard/*/leaderboard.csv")))
def test_scores_in_the_readme_are_those_of_the_board(slug: str) -> None:
    of_board, told = scores(slug), table()[slug]
    assert told.pop("the best").startswith(f"{next(iter(of_board.values()))}, ")
    assert told == {label: of_board.get(name, "needs dates") for label, name in SOLUTIONS.items()}
