"""What `podium selftest` prints, at several widths and in a pipe; no attack runs here."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from competition.cli.attacks import print_attacks
from competition.evaluation.hostile import selftest
from competition.evaluation.hostile.catalogue import ATTACKS
from competition.evaluation.hostile.selftest import Report

DENIED = "PermissionError: [Errno 1] Operation not permitted, and a path that no narrow console shows: refused-at-last"


def report(attack: selftest.Attack, seen: selftest.Verdict | None = None, detail: str = DENIED) -> Report:
    """Make what became of an attack at level `namespaces`, by default the first thing that was expected."""
    expected = attack.expected["namespaces"]
    seen = seen or expected[0]
    return Report(attack, f"Tries {attack.source}.", expected, seen, detail, attack.accepts(seen, "namespaces"), 0.1)


ALL = [report(attack) for attack in ATTACKS]
CLOSED = next(attack for attack in ATTACKS if attack.expected["namespaces"] == ("held",))
CHANNEL = next(attack for attack in ATTACKS if attack.expected["namespaces"] == ("OPEN",))


def printed(reports: list[Report], columns: int | None, *, colour: bool = False) -> str:
    """What is printed in a terminal of some columns, or in a pipe."""
    file = StringIO()
    system = "truecolor" if colour else None
    is_terminal = columns is not None
    console = Console(file=file, width=columns, force_terminal=is_terminal, color_system=system, no_color=not colour)
    print_attacks(reports, "namespaces", console)
    return file.getvalue()


@pytest.fixture(autouse=True)
def nobody_says_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes of this test have no width, whatever the tests run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


def rows(text: str) -> list[str]:
    """Lines of the table, without its head."""
    return text.partition("\n\n")[0].splitlines()[1:]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_narrow_console_has_one_line_an_attack(columns: int) -> None:
    lines = rows(printed(ALL, columns))
    assert len(lines) == len(ATTACKS)
    assert max(map(cell_len, lines)) <= columns
    for line, attack in zip(lines, ATTACKS, strict=True):
        assert line.startswith(attack.name[:20])
        assert "  " + attack.expected["namespaces"][0] in line
        assert line.endswith("…")


def test_a_wide_console_has_room_for_all_of_it() -> None:
    lines = rows(printed(ALL, 200))
    assert max(map(cell_len, lines)) <= 200
    assert "…" not in "".join(lines)
    words = " ".join(" ".join(lines).split())
    assert words.count("refused-at-last") == len(ATTACKS)


def test_a_pipe_has_one_whole_line_an_attack_and_no_blanks_at_the_end() -> None:
    text = printed([*ALL, report(CLOSED, detail="")], None)
    assert len(rows(text)) == len(ATTACKS) + 1
    assert all(line == line.rstrip() for line in text.splitlines())
    assert all(line.endswith((DENIED, f"Tries {CLOSED.source}.")) for line in rows(text))


def test_a_pipe_is_as_wide_as_somebody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    assert max(map(cell_len, rows(printed(ALL, None)))) <= 90


def test_what_variants_of_an_attack_try_is_told_once() -> None:
    variants = [attack for attack in ATTACKS if attack.source == "odd_sockets"]
    assert len(variants) > 2
    lines = rows(printed([report(attack) for attack in variants], None))
    assert [f"Tries {variants[0].source}" in line for line in lines] == [True, *[False] * (len(variants) - 1)]


def test_attacks_stand_in_the_order_of_the_catalogue() -> None:
    assert printed(ALL[::-1], 100) == printed(ALL, 100)


@pytest.mark.parametrize("columns", [None, 80, 200])
def test_what_is_open_or_unexpected_stands_out_and_is_told_at_the_end(columns: int | None) -> None:
    wrong = report(CLOSED, "OPEN", "it got through")
    text = printed([report(CHANNEL, detail="9 labels arrived"), wrong, report(ATTACKS[1])], columns)
    (line,) = (line for line in rows(text) if line.startswith(CLOSED.name))
    assert "OPEN !" in line
    told = " ".join(text.partition("\n\n")[2].split())
    assert f"OPEN, as expected at level namespaces: - {CHANNEL.name}: Tries {CHANNEL.source}: 9 labels arrived" in told
    assert f"- {CLOSED.name}: expected held, seen OPEN: Tries {CLOSED.source}: it got through" in told
    assert told.endswith("3 attacks at level namespaces: 2 open, 1 not as expected")


def test_a_terminal_shows_them_in_colour() -> None:
    text = printed([report(CHANNEL), report(CLOSED, "crash"), report(ATTACKS[1])], 120, colour=True)
    styles = {name: next(line for line in rows(text) if name in line) for name in (CHANNEL.name, CLOSED.name)}
    assert styles[CHANNEL.name].startswith("\x1b[1;33m")
    assert styles[CLOSED.name].startswith("\x1b[1;31m")
    assert "\x1b" not in next(line for line in rows(text) if line.startswith(ATTACKS[1].name))


def test_nothing_is_summed_up_where_all_held() -> None:
    assert printed([report(CLOSED)], 80).partition("\n\n")[2] == (
        "1 attacks at level namespaces: 0 open, 0 not as expected\n"
    )


@given(columns=st.integers(1, 250), detail=st.text(st.characters(exclude_categories=["C", "Z"]), max_size=120))
def test_any_width_and_any_text_is_set(columns: int, detail: str) -> None:
    text = printed([report(ATTACKS[0], detail=detail), report(ATTACKS[1], detail=detail)], columns)
    if columns >= 40:  # narrower than that the columns before the text take more
        assert max(map(cell_len, text.splitlines())) <= columns


@pytest.mark.parametrize(("seen", "ends"), [("held", 0), ("OPEN", 1)])
def test_the_command_ends_with_1_where_one_is_not_as_expected(
    seen: selftest.Verdict, ends: int, monkeypatch: pytest.MonkeyPatch, podium: Callable[..., tuple[int, str, str]]
) -> None:
    made = replace(report(CLOSED, seen), as_expected=not ends)
    monkeypatch.setattr(selftest, "run", lambda level, names: iter([made]))
    code, out, _ = podium("selftest", "--isolation", "none")
    assert (code, f"{ends} not as expected" in out) == (ends, True)
    code, out, _ = podium("selftest", "--isolation", "none", "--json")
    assert code == ends
    assert list(json.loads(out)["attacks"][0]) == (
        ["attack", "group", "what", "expected", "seen", "as_expected", "detail", "seconds"]
    )
