"""The board in a terminal: it fits any width, and each solution stands on one line."""

import io

import pytest
from rich.console import Console

from competition.board.table import build
from competition.board.terminal import render
from competition.results import Failure

LONG = "a_name_of_thirty_letters_" + "x" * 5
TITLES = ["ranks", "interval", "public", "private", "ROC", "Log", "fit s"]
FAILURE = Failure(type="error", message="KeyError: [bold]x", traceback=("line 9, in fit: X['x']",))


@pytest.fixture
def show(make_result, small_definition):
    """Lines of a board with long names in a console of some width."""

    def show(width, names=(LONG, LONG[:-1] + "y")):
        results = [
            make_result(name, 0.9 - place / 10, counts=[(40, 5 + place, 3, 12)] * 12)
            for place, name in enumerate(names)
        ]
        results.append(make_result(LONG[:-1] + "z", None, failure=FAILURE))
        console = Console(file=io.StringIO(), width=width, color_system=None)
        console.print(render(build(small_definition, results, None), console))
        return console.file.getvalue().splitlines()

    return show


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, []),
        (60, ["ranks"]),
        (80, ["ranks", "interval", "public", "private"]),
        (115, TITLES),
        (160, TITLES),
    ],
)
def test_columns_that_do_not_fit_are_dropped_and_names_stay_whole(show, width, shown):
    lines = show(width)
    table = lines[: next(place for place, line in enumerate(lines) if line.startswith("Ranked by"))]
    assert max(map(len, lines)) <= width
    assert [title for title in TITLES if any(title in line for line in table)] == shown
    name = LONG if width > 40 else LONG[:25]
    first, second, failed = table[-3:]
    assert first.startswith("1  ")
    assert f"  {name}" in first
    assert "0.9000" in first
    assert second.startswith("2  ")
    assert "0.8000" in second
    assert failed.startswith("–  ")
    assert "failed" in failed
    assert ("…" in first) == (width == 40)


@pytest.mark.parametrize("width", [1, 5, 12, 20])
def test_a_tiny_console_stops_nothing(show, width):
    assert show(width)


def test_other_metrics_go_first_and_one_by_one(show):
    widths = [width for width in range(40, 116) if any("ROC" in line for line in show(width))]
    both = [width for width in widths if any("loss" in line for line in show(width))]
    assert min(widths) < min(both)


def test_a_failure_is_explained_as_it_stands(show):
    text = " ".join(show(200))
    assert "3 of 3 trials failed: error: KeyError: [bold]x (line 9, in fit: X['x'])" in text
