"""The site in Chromium: sorting, filters, comparing, keyboard, phone, dark mode, print, no script, accessibility."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from competition.audit.record import AuditRecord, RecordedStrength
from competition.board.site import Contest, render
from competition.board.site.audit import audit_page
from competition.board.site.writing import write_site
from competition.board.table import Pairs, mark_front

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: `apt-get install chromium`")

PAGES = (
    "index.html",
    "tiny/index.html",
    "tiny/audit.html",
    "tiny/pairs.html",
    "tiny/compare.html",
    "tiny/solutions/entry_02.html",
    "tiny/solutions/broken.html",
    "tiny/solutions/entry_09.html",
)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)><b onclick=alert(3)>bold</b> \u202e{{7*7}}"
FAMILIES = ("trees", "linear", "networks")


@pytest.fixture(scope="module")
def site(by_hand: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve ranked solutions with everything that there may be, one failed, one stale; one has hostile texts."""
    rules = by_hand.rules()
    made = []
    for i in range(12):
        one = by_hand.result(rules, f"entry_{i:02}", 0.9 - i / 50)
        made.append(by_hand.with_card(one, tags=(FAMILIES[i % 3], "tuned") if i % 2 else (FAMILIES[i % 3],)))
    hostile = {"title": HOSTILE, "authors": (HOSTILE,), "docstring": HOSTILE}
    made[5] = by_hand.with_card(made[5], **hostile)
    old = by_hand.result(rules, "old", 0.9)
    old = old.model_copy(update={"provenance": old.provenance.model_copy(update={"competition_version": 7})})
    board = by_hand.board(rules, *made, by_hand.result(rules, "broken", None), old)
    rows = tuple(
        replace(
            row,
            rank_low=row.rank and max(1, row.rank - 1),
            rank_high=row.rank and min(12, row.rank + 2),
            is_tied_with_best=row.rank is not None and row.rank < 4,
            share_of_firsts=row.rank and 1 / 2**row.rank,
            seed_spread=row.rank and 0.001 * (row.rank % 3),
            fit_seconds=row.rank and 13.0 - row.rank,
        )
        for row in board.rows
    )
    names = tuple(row.name for row in rows if row.rank)
    p_values = tuple(tuple(max(0.0, 1 - abs(i - j) / 4) for j in range(12)) for i in range(12))
    board = mark_front(replace(board, rows=rows, pairs=Pairs(names, p_values)))
    folder = tmp_path_factory.mktemp("browser") / "site"
    source = "def make_estimator():\n    return 1  # one\n"
    slices = by_hand.slices(board, missing=("entry_09",))
    contests = [Contest(board, {"entry_02": source}, slices=slices, audit=audit_page(audited(), board))]
    other = rules.competition.model_copy(update={"slug": "other", "edition_of": "tiny"})
    edition = rules.model_copy(update={"competition": other})
    scores = [None, *(0.6 - i / 50 for i in range(1, 11))]
    fair = [by_hand.result(edition, f"entry_{i:02}", score) for i, score in enumerate(scores)]
    contests.append(Contest(by_hand.board(edition, *(by_hand.with_card(one, title=HOSTILE) for one in fair)), {}))
    write_site(folder, render(contests))
    return folder


def audited() -> AuditRecord:
    """A record with findings of every severity, with hostile and with long texts."""
    alone = RecordedStrength(metric="f1", score=0.99, baseline=0.4, roc_auc=0.999)
    findings = [
        {
            "check": "lattices",
            "severity": severity,
            "what": HOSTILE,
            "where": where,
            "mend": "drop it",
            "rows": ("row 1",),
        }
        | {"strength": alone, "reference": alone, "p_value": 1e-9}
        for severity, where in (("severe", ("a" * 60,)), ("warning", ("x", "y") * 9), ("note", (HOSTILE,)))
    ]
    checks = [{"check": name, "looks_for": HOSTILE, "skipped": why} for name, why in (("ids", None), ("folds", "one"))]
    about = {"format": 1, "competition": "tiny", "task": "binary", "data": "old", "split": "old", "columns": 3}
    rest = {"rows": {"train": 12_345, "test": 60}, "notes": (HOSTILE,), "findings": findings, "checks": checks}
    return AuditRecord.model_validate(about | rest)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root.
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, site: Path) -> Iterator[Callable[..., Any]]:
    """Open a page of the site; whatever it complains about, asks or fetches fails the test."""
    contexts, complaints = [], []

    def open_page(path: str, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto(f"{site.as_uri()}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def ranks(page: Any) -> list[str]:
    return [cell.split("\n")[0] for cell in page.locator("#leaderboard tbody tr:visible td.rank").all_inner_texts()]


def by_rank(*places: int) -> list[str]:
    return [str(place) for place in places]


def test_a_head_sorts_and_turns_round_with_failed_and_stale_last(visit: Callable[..., Any]) -> None:
    page = visit("tiny/index.html")
    fit = page.get_by_role("columnheader", name="Fit, s")
    assert ranks(page) == [*by_rank(*range(1, 13)), "–", "–"]
    fit.get_by_role("button").click()
    assert fit.get_attribute("aria-sort") == "ascending"
    assert ranks(page) == [*by_rank(*range(12, 0, -1)), "–", "–"]
    fit.get_by_role("button").press("Enter")
    assert fit.get_attribute("aria-sort") == "descending"
    assert ranks(page) == [*by_rank(*range(1, 13)), "–", "–"]
    assert page.locator("th[aria-sort]").count() == 1
    page.get_by_role("button", name="F1, 95 % interval").press("Space")
    assert ranks(page)[:3] == by_rank(1, 2, 3)


def test_filters_narrow_the_table_and_are_told(visit: Callable[..., Any]) -> None:
    page = visit("tiny/index.html")
    page.get_by_label("Family").select_option("linear")
    assert ranks(page) == by_rank(2, 5, 8, 11)
    page.get_by_label("Tag").select_option("tuned")
    assert ranks(page) == by_rank(2, 8)
    page.get_by_label("Find").fill("entry_07 title")
    assert ranks(page) == by_rank(8)
    assert page.get_by_role("status").inner_text() == "1 of 14 solutions"
    page.get_by_role("button", name="Clear").click()
    assert len(ranks(page)) == 14
    assert page.get_by_label("Find").evaluate("field => field === document.activeElement")
    for state, shown in {"failed": ["broken"], "stale": ["old"], "ranked": ["entry_"] * 12}.items():
        page.get_by_label("State").select_option(state)
        heads = page.locator("#leaderboard tbody tr:visible th").all_inner_texts()
        assert len(heads) == len(shown)
        assert all(name in head for name, head in zip(shown, heads, strict=True))


def test_two_solutions_are_compared(visit: Callable[..., Any]) -> None:
    page = visit("tiny/compare.html#a=entry_04.html&b=entry_01.html")
    verdict = page.get_by_role("status")
    assert "Title of entry_04 (F1 0.8200) is behind Title of entry_01 (0.8800) by 0.0600." in verdict.inner_text()
    assert "Of 5 folds A is better on 0 and B on 5." in verdict.inner_text()
    assert "adjusted p-value of this pair is 0.250: the difference is not significant" in verdict.inner_text()
    assert page.get_by_role("region", name="Differences by day").locator("rect.b").count() == 12
    page.get_by_role("button", name="Swap").click()
    assert "Title of entry_01 (F1 0.8800) is ahead of" in verdict.inner_text()
    assert page.get_by_role("region", name="Differences by day").locator("rect.a").count() == 12
    assert page.evaluate("location.hash") == "#a=entry_01.html&b=entry_04.html"
    page.locator("#b").select_option("entry_01.html")
    assert "the same solution" in verdict.inner_text()
    assert page.locator("#comparison").inner_text() == ""
    page.locator("#a").select_option("entry_05.html")
    assert HOSTILE.replace("\u202e", "") in verdict.inner_text()
    log_loss = page.get_by_role("row", name="Log loss").first
    assert log_loss.locator("td").last.inner_text() == "A", "less is better, and A has less"
    cost = page.get_by_role("row", name="Fit of a fold, s")
    assert [text.strip() for text in cost.locator("td").all_inner_texts()] == ["7.00", "11.0", "0.64 ×", "A"]


def test_two_solutions_are_compared_by_slice_and_by_threshold(visit: Callable[..., Any]) -> None:
    page = visit("tiny/compare.html#a=entry_01.html&b=entry_04.html")
    slices = page.get_by_role("region", name="By CellName", exact=True)
    assert "Of 2 slices A is better on 2 and B on 0; most for A: " in slices.inner_text()
    slices.get_by_text("Numbers by CellName").click()
    row = slices.get_by_role("row", name="<b>2</b> (900 rows)")
    assert row.locator("td").all_inner_texts() == ["0.7800", "0.7200", "+0.0600", "A"]
    curves = page.get_by_role("region", name="By threshold")
    assert curves.locator("figcaption").all_inner_texts() == ["Precision and recall", "ROC"]
    assert curves.locator(".line.a").first.get_attribute("d") == "M0.0 220.0L110.0 44.0L220.0 0.0"
    page.locator("#b").select_option("entry_09.html")
    assert "not at hand when this page was written" in page.get_by_role("region", name="By slice").inner_text()


def test_a_solution_leads_to_its_comparison(visit: Callable[..., Any]) -> None:
    page = visit("tiny/index.html")
    page.get_by_role("link", name="Title of entry_02").first.click()
    assert page.locator("h1").inner_text() == "Title of entry_02"
    assert "def make_estimator():" in page.locator("pre.code").inner_text()
    page.get_by_role("link", name="Compare with the one above").click()
    assert "Title of entry_02 (F1 0.8600) is behind Title of entry_01" in page.get_by_role("status").inner_text()


def test_the_keyboard_reaches_what_the_mouse_does(visit: Callable[..., Any]) -> None:
    page = visit("tiny/index.html")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == "Skip to the content"
    assert focused.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("(e => e.id || e.getAttribute('aria-label') || e.textContent)(document.activeElement)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "whoever tabs sees where the focus is"
    wanted = {"text", "family", "tag", "state", "Leaderboard, scrolls sideways", "Rank", "Fit, s", "Memory, MB"}
    assert wanted <= seen


def test_no_page_scrolls_sideways_on_a_phone(visit: Callable[..., Any], site: Path) -> None:
    page = visit("index.html", width=320, has_touch=True, is_mobile=True)
    for path in PAGES:
        page.goto(f"{site.as_uri()}/{path}")
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [width, width], path


def test_dark_mode_follows_the_system_and_the_switch_which_is_kept(visit: Callable[..., Any], site: Path) -> None:
    def is_dark(page: Any) -> bool:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(",")) < 200

    def is_kept(milliseconds: int) -> bool:
        """Whether the switch holds on the next page, when the first one is left so long after it."""
        page = visit("index.html", color_scheme="dark")
        switch = page.get_by_role("button", name="Dark mode")
        assert is_dark(page)
        assert switch.get_attribute("aria-pressed") == "true"
        switch.click()
        assert not is_dark(page)
        assert switch.get_attribute("aria-pressed") == "false"
        page.wait_for_timeout(milliseconds)
        page.goto(f"{site.as_uri()}/tiny/index.html")
        return not is_dark(page)

    assert not is_dark(visit("index.html", color_scheme="light"))
    # Chromium may lose what a page keeps in its last moment.
    assert any(map(is_kept, (100, 1000, 3000)))


def violations(page: Any, site: Path, paths: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    """What axe finds on each page that has anything: rule and element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = {}
    for path in paths:
        page.goto(f"{site.as_uri()}/{path}")
        found[path] = [(one["id"], one["nodes"][0]["html"][:200]) for one in axe.run(page).response["violations"]]
    return {path: rules for path, rules in found.items() if rules}


def test_axe_finds_nothing_on_the_main_pages(visit: Callable[..., Any], site: Path) -> None:
    assert violations(visit("index.html"), site, PAGES[1:2] + PAGES[4:6]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"width": 390}])
def test_axe_finds_nothing_anywhere(visit: Callable[..., Any], site: Path, options: dict[str, Any]) -> None:
    assert violations(visit("index.html", **options), site, PAGES) == {}


def test_without_a_script_everything_can_be_read(visit: Callable[..., Any], site: Path) -> None:
    page = visit("tiny/index.html", java_script_enabled=False)
    assert len(ranks(page)) == 14
    assert not page.locator(".tools, #theme").first.is_visible()
    page.goto(f"{site.as_uri()}/tiny/compare.html")
    assert "Comparing needs JavaScript" in page.locator("main").inner_text()


def test_print_is_light_and_has_no_controls(visit: Callable[..., Any]) -> None:
    page = visit("tiny/index.html", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".tools").is_visible()
    assert page.locator("#leaderboard").is_visible()
    assert len(page.pdf()) > 10_000


def test_hostile_text_does_nothing(visit: Callable[..., Any], site: Path) -> None:
    page = visit("tiny/solutions/entry_05.html")
    assert page.locator("h1").inner_text() == HOSTILE.replace("\u202e", "")
    page.locator("h1").click()
    page.goto(f"{site.as_uri()}/tiny/index.html")
    assert page.locator("img").count() == 0
