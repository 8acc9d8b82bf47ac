"""What became of hostile solutions, as `podium selftest` prints it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from competition.evaluation.hostile.selftest import Report

GAP = 2
ROOMY = 60
LEAST_ROOM = 24
HEAD = ("attack", "expected", "seen", "what it tries, and what came of it")
UNEXPECTED = "bold red"
OPEN = "bold yellow"


def in_order(reports: Iterable["Report"]) -> list["Report"]:
    """Sort reports as the catalogue lists the attacks: variants of one stand together, and two runs are alike."""
    from competition.evaluation.hostile.catalogue import ATTACKS

    places = {attack.name: place for place, attack in enumerate(ATTACKS)}
    return sorted(reports, key=lambda report: places[report.attack.name])


def print_attacks(reports: Iterable["Report"], level: str, console: Console) -> None:
    """Print what became of each, and below that what is open or not as expected, with the reasons."""
    ordered = in_order(reports)
    for line in [*table(ordered, console), *summary(ordered, level)]:
        console.print(line, soft_wrap=_columns(console) is None)


def table(reports: Sequence["Report"], console: Console) -> list[Text]:
    """Return the head and what became of each attack.

    A console with room gives a text as many lines as it takes, one without a single line with an ellipsis, and a pipe,
    of which nobody says how wide it is, a line that is whole.
    """
    columns = _columns(console)
    rows = _rows(reports, shortened=False)
    if columns is not None and columns - _width(rows) < ROOMY:
        return _narrow(reports, columns)
    texts = [Text(HEAD[-1]), *map(Text, _told_once(reports))]
    parts = [[text] if columns is None else list(text.wrap(console, columns - _width(rows))) for text in texts]
    return _set(rows, parts, _styles(reports))


def summary(reports: Sequence["Report"], level: str) -> list[Text]:
    """Return what got through and what is not as expected, each with its reason, and how many there are."""
    wrong = [report for report in reports if not report.as_expected]
    lines = [Text()]
    names: dict[str, list[str]] = {}
    for report in reports:
        if report.as_expected and report.seen == "OPEN":
            names.setdefault(_told(report), []).append(report.attack.name)
    if names:
        lines.append(Text(f"OPEN, as expected at level {level}:", OPEN))
        lines += [Text(f"- {', '.join(those)}: {told}") for told, those in names.items()]
    if wrong:
        lines.append(Text("not as expected:", UNEXPECTED))
        lines += [
            Text(f"- {one.attack.name}: expected {' or '.join(one.expected)}, seen {one.seen}: {_told(one)}", "red")
            for one in wrong
        ]
    got_through = sum(report.seen == "OPEN" for report in reports)
    counts = f"{len(reports)} attacks at level {level}: {got_through} open, {len(wrong)} not as expected"
    return [*lines, Text(counts, UNEXPECTED if wrong else "bold")]


@dataclass(frozen=True)
class _Row:
    """What stands before the text, of the catalogue's making and so of a cell a character."""

    name: str
    expected: str
    seen: str

    @property
    def cells(self) -> tuple[str, str, str]:
        """In the order of the columns."""
        return self.name, self.expected, self.seen


def _columns(console: Console) -> int | None:
    """Columns that a line may take; None in a pipe, where nobody says."""
    return console.width if console.is_terminal or "COLUMNS" in os.environ else None


def _narrow(reports: Sequence["Report"], columns: int) -> list[Text]:
    """One line each: what came of it, or where nothing is known what it tries, and long names cut short too."""
    rows = _rows(reports, shortened=True)
    names, *others = _widths(rows)
    spared = max(len(HEAD[0]), min(names, columns - sum(others) - GAP * len(HEAD[:3]) - LEAST_ROOM))
    rows = [_Row(_cut(row.name, spared).plain, row.expected, row.seen) for row in rows]
    room = max(columns - _width(rows), 1)
    texts = ["what came of it", *(report.detail or report.what for report in reports)]
    return _set(rows, [[_cut(text, room)] for text in texts], _styles(reports))


def _rows(reports: Sequence["Report"], *, shortened: bool) -> list[_Row]:
    """The head and a row for each report; shortened ones name the first verdict of several."""
    rows = [_Row(*HEAD[:3])]
    for report in reports:
        several = f"{report.expected[0]} …" if shortened and len(report.expected) > 1 else " or ".join(report.expected)
        # A mark that needs no colour.
        seen = report.seen if report.as_expected else f"{report.seen} !"
        rows.append(_Row(report.attack.name, several, seen))
    return rows


def _styles(reports: Sequence["Report"]) -> list[str]:
    return [
        "bold",
        *(UNEXPECTED if not one.as_expected else OPEN if one.seen == "OPEN" else "" for one in reports),
    ]


def _set(rows: Sequence[_Row], parts: Sequence[Sequence[Text]], styles: Sequence[str]) -> list[Text]:
    """Set rows: the first part of a text beside its row, the others below that."""
    widths = _widths(rows)
    lines = []
    for row, texts, style in zip(rows, parts, styles, strict=True):
        start = "".join(cell.ljust(width + GAP) for cell, width in zip(row.cells, widths, strict=True))
        for place, text in enumerate(texts):
            line = Text.assemble(start if place == 0 else " " * len(start), text, style=style)
            line.rstrip()
            lines.append(line)
    return lines


def _widths(rows: Sequence[_Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*(row.cells for row in rows), strict=True)]


def _width(rows: Sequence[_Row]) -> int:
    return sum(width + GAP for width in _widths(rows))


def _told(report: "Report") -> str:
    return f"{report.what.rstrip('.:')}: {report.detail}" if report.detail else report.what


def _told_once(reports: Sequence["Report"]) -> list[str]:
    """What each tries and what came of it; the first is left out where the one above tries the same."""
    told = [_told(report) for report in reports[:1]]
    for above, report in pairwise(reports):
        told.append(report.detail if report.detail and above.what == report.what else _told(report))
    return told


def _cut(text: str, width: int) -> Text:
    """Cut a text short with an ellipsis where it is wider than its column."""
    cut = Text(text)
    cut.truncate(width, overflow="ellipsis")
    return cut
