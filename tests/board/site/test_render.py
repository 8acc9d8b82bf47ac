"""The site: what its pages show for each task, that they fetch nothing, and that no entrant's text becomes markup."""

import json
import posixpath
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from competition.board.slices import Slices
from competition.board.table import Pairs, build
from competition.results import Failure

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31mred\x1b[0m \u202egnp.exe\u202c {{ 1234*5 }}"
)
DATA = {"type": "application/json", "id": "data"}
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def inferred(board: Any) -> Any:
    """The board with what ranking will say of it."""
    rows = tuple(
        replace(
            row,
            rank_low=1,
            rank_high=2,
            is_tied_with_best=True,
            share_of_firsts=0.5,
            seed_spread=0.0,
            is_seed_invariant=True,
        )
        for row in board.rows
    )
    names = tuple(row.name for row in rows)
    p_values = tuple(tuple(1.0 if one == other else 0.002 for other in names) for one in names)
    return replace(board, rows=rows, pairs=Pairs(names, p_values))


@pytest.fixture
def site(by_hand: Any) -> dict[str, str]:
    """Three solutions with every kind of page."""
    rules = by_hand.rules()
    made = [
        by_hand.result(rules, "first", 0.8),
        by_hand.result(rules, "second", 0.7),
        by_hand.result(rules, "no", None),
    ]
    return by_hand.site(inferred(by_hand.board(rules, *made)), sources={"first": "x = 1  # one\n"})


@pytest.mark.parametrize(
    ("task", "classes", "matrices", "curves"),
    [("binary", "no yes", 1, 3), ("multiclass", "a b c", 1, 3), ("regression", "", 0, 3)],
)
def test_each_task_has_its_pages(
    by_hand: Any, parsed: Any, task: str, classes: str, matrices: int, curves: int
) -> None:
    rules = by_hand.rules(task)
    made = [by_hand.result(rules, name, score, classes.split()) for name, score in (("first", 0.8), ("second", 0.7))]
    site = by_hand.site(by_hand.board(rules, *made))
    assert set(site) == {
        "index.html",
        "tiny/index.html",
        "tiny/compare.html",
        "tiny/solutions/first.html",
        "tiny/solutions/second.html",
    }
    board, page = parsed(site["tiny/index.html"]), parsed(site["tiny/solutions/first.html"])
    assert board.count("svg", class_="score-cost") == 1
    assert board.count("svg", class_="scatter") == 1
    assert page.count("table", class_="matrix") == matrices
    assert page.count("svg", class_="curve") == curves
    assert page.count("svg", class_="strip") == 1
    assert "A <tiny> task" in board.text
    assert "0.8000" in board.text


def test_the_sentences_of_the_board_stand_on_it(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules()
    board = by_hand.board(rules, by_hand.result(rules, "first", 0.8))
    page = parsed(by_hand.site(board)["tiny/index.html"])
    assert all(note in page.text for note in (board.basis, board.interval_note, board.trust_note))


def test_what_ranking_does_not_say_is_left_out(by_hand: Any, site: dict[str, str]) -> None:
    rules = by_hand.rules()
    results = [by_hand.result(rules, "first", 0.8), by_hand.result(rules, "b", 0.7)]
    plain = by_hand.site(by_hand.board(rules, *(one.model_copy(update={"statistics": None}) for one in results)))
    assert "tiny/pairs.html" in site
    assert "tiny/pairs.html" not in plain
    for word in ("Who is separable", "Comes first", "ties with best", "seed-invariant", "All pairs", "reference jobs"):
        assert (word in site["tiny/index.html"]) == (word != "reference jobs")
        assert word not in plain["tiny/index.html"]


def test_pairs_are_marked_exploratory_and_say_who_is_better(site: dict[str, str]) -> None:
    assert "Exploratory." in site["tiny/pairs.html"]
    assert site["tiny/pairs.html"].count('class="better">.002') == 1
    assert site["tiny/pairs.html"].count('class="worse">.002') == 1


@pytest.mark.parametrize(
    ("task", "orders"),
    [
        ("binary", {"F1": "descending", "ROC AUC": "descending", "Log loss": "ascending", "Fit, s": "ascending"}),
        ("regression", {"RMSE": "ascending", "Held-out private": "ascending", "R²": "descending"}),
    ],
)
def test_sorting_puts_the_best_first(by_hand: Any, task: str, orders: dict[str, str]) -> None:
    rules = by_hand.rules(task)
    text = by_hand.site(by_hand.board(rules, by_hand.result(rules, "first", 0.8)))["tiny/index.html"]
    for title, order in orders.items():
        assert re.search(rf'<th scope="col" data-order="{order}"[^>]*>{re.escape(title)}', text)


def test_failed_solutions_stand_last_and_say_why(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules()
    site = by_hand.site(by_hand.board(rules, by_hand.result(rules, "broken", None), by_hand.result(rules, "ok", 0.8)))
    board, page = parsed(site["tiny/index.html"]), parsed(site["tiny/solutions/broken.html"])
    assert board.text.index("Title of ok") < board.text.index("Title of broken")
    assert "Failed: 2 of 6 trials, error: ValueError: no" in board.text
    assert "on fold 2, held-out rows: its code raised an exception." in page.text
    assert "broken.py, line 3, in fit: raise" in page.text


@pytest.mark.parametrize(
    ("kind", "says"),
    [("timeout", "longer than the 600 s"), ("memory", "more than the 4 GB"), ("dependency", "could not be installed")],
)
def test_failures_are_explained(by_hand: Any, kind: Any, says: str) -> None:
    rules = by_hand.rules()
    broken = by_hand.result(rules, "broken", None)
    failure = Failure(type=kind, message="over")
    trials = tuple(trial.model_copy(update={"failure": failure}) for trial in broken.trials)
    site = by_hand.site(by_hand.board(rules, broken.model_copy(update={"trials": trials})))
    assert says in site["tiny/solutions/broken.html"]


def test_a_score_that_is_undefined_is_no_failure(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules()
    undefined = {"score": None, "metrics": dict.fromkeys(rules.metric_names)}
    silent = by_hand.result(rules, "silent", 0.5).model_copy(update=undefined)
    site = by_hand.site(by_hand.board(rules, silent, by_hand.result(rules, "ok", 0.8)))
    assert "No score: F1 is undefined for what it returns." in parsed(site["tiny/index.html"]).text


def test_stale_results_are_listed_and_not_ranked(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules()
    old = by_hand.result(rules, "old", 0.9)
    old = old.model_copy(update={"provenance": old.provenance.model_copy(update={"competition_version": 7})})
    site = by_hand.site(by_hand.board(rules, old, by_hand.result(rules, "ok", 0.8)))
    page = parsed(site["tiny/index.html"])
    assert "Stale, not ranked: made under version 7 of the rules, which are at 1" in page.text
    assert page.count("tr", **{"data-state": "stale"}) == 1
    assert "tiny/solutions/old.html" not in site


@pytest.mark.parametrize("scores", [[], [None]])
def test_a_board_without_a_score_has_its_pages_too(by_hand: Any, parsed: Any, scores: list[None]) -> None:
    rules = by_hand.rules()
    site = by_hand.site(by_hand.board(rules, *(by_hand.result(rules, "broken", score) for score in scores)))
    assert parsed(site["tiny/index.html"]).count("svg", class_="score-cost") == 0
    assert "No ranked result yet" in site["index.html"]
    assert "tiny/compare.html" not in site


def test_a_repository_without_competitions_has_a_page(by_hand: Any) -> None:
    assert set(by_hand.site()) == {"index.html"}


def test_hostile_text_is_shown_as_text(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules()
    ok = by_hand.result(rules, "ok", 0.8, classes=("no", HOSTILE))
    card = {"title": HOSTILE, "authors": (HOSTILE,), "tags": (HOSTILE,), "docstring": HOSTILE, "origin": HOSTILE}
    ok = by_hand.with_card(ok, name=f'"{HOSTILE}', disclosure={HOSTILE: True}, **card)
    made_with = {"packages": {HOSTILE: HOSTILE}, "platform": HOSTILE, "numerics": HOSTILE, "podium": HOSTILE}
    sums = ok.statistics.model_copy(update={"clusters": (HOSTILE, *ok.statistics.clusters[1:])})
    ok = ok.model_copy(update={"provenance": ok.provenance.model_copy(update=made_with), "statistics": sums})
    broken = by_hand.result(rules, "broken", None)
    failure = Failure(type="error", message=HOSTILE, traceback=(HOSTILE,))
    trials = tuple(trial.model_copy(update={"failure": trial.failure and failure}) for trial in broken.trials)
    broken = by_hand.with_card(broken.model_copy(update={"trials": trials}), **card)
    stale = by_hand.with_card(by_hand.result(rules, "old", 0.9), name=HOSTILE)
    stale = stale.model_copy(update={"provenance": stale.provenance.model_copy(update={"data": HOSTILE})})
    board = inferred(build(rules, [ok, broken, stale, by_hand.result(rules, "third", 0.5)], None))
    site = by_hand.site(board, sources={ok.solution.name: HOSTILE})
    assert len(site) == 7
    for path, text in site.items():
        page = parsed(text)
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", path)
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert len(scripts) == 1 + path.endswith("/index.html") + 2 * ("compare" in path)
        assert [attrs for attrs in scripts if attrs] == [DATA] * ("compare" in path)
        assert page.count("img") == 0
        assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
        assert not CONTROLS.search(text)
        assert "6170" not in page.text
    shown = "</script><script>alert(1)</script><img src=x onerror=alert(2)> [31mred[0m gnp.exe {{ 1234*5 }}"
    for path in ("tiny/index.html", "tiny/compare.html", "tiny/solutions/broken.html", "index.html"):
        assert shown in parsed(site[path]).text
    data = json.loads(parsed(site["tiny/compare.html"]).data)
    assert data["solutions"][0]["title"] == data["clusters"][0] == shown
    code = next(text for path, text in site.items() if "alert" in path)
    assert "⟨U+202E⟩gnp.exe" in parsed(code).text


def test_pages_fetch_nothing(site: dict[str, str], parsed: Any) -> None:
    for text in site.values():
        page = parsed(text)
        links = [link for name in ("href", "src", "action") for link in page.all(name)]
        assert not any(re.match(r"[a-z]+:|//", link) for link in links if link != "data:,")
        assert page.count("link") == 1
        assert not page.all("src")
        assert "@import" not in text
        assert "url(" not in text
        assert set(re.findall(r"https?://[^\"' <)]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_lets_these_scripts_and_styles_be_used_and_no_other(site: dict[str, str], parsed: Any) -> None:
    for text in site.values():
        blocks = {kind: re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL) for kind in ("script", "style")}
        digests = {
            kind: " ".join(f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in found)
            for kind, found in blocks.items()
        }
        (policy,) = (value for value in parsed(text).all("content") if value.startswith("default-src"))
        assert policy == (
            f"default-src 'none'; style-src {digests['style']}; script-src {digests['script']}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )
        assert not parsed(text).all("style"), "an attribute would need a weaker policy"


def test_links_lead_to_pages_and_anchors_that_exist(site: dict[str, str], parsed: Any) -> None:
    ids = {path: parsed(text).all("id") for path, text in site.items()}
    assert all(len(found) == len(set(found)) for found in ids.values())
    for path, text in site.items():
        for link in parsed(text).all("href"):
            if link == "data:,":
                continue
            target, _, anchor = link.partition("#")
            where = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            assert where in site, f"{path}: {link}"
            if where.endswith("compare.html") and "=" in anchor:
                assert all(f'value="{part[2:]}"' in site[where] for part in anchor.split("&"))
            elif anchor:
                assert anchor in ids[where], f"{path}: {link}"
        labelled = [word for name in ("aria-labelledby", "for") for v in parsed(text).all(name) for word in v.split()]
        assert set(labelled) <= set(ids[path])


def test_tables_are_named_and_heads_have_a_scope(site: dict[str, str], parsed: Any) -> None:
    for text in site.values():
        page = parsed(text)
        assert page.count("caption") == page.count("table")
        assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
        assert page.count("html", lang="en") == page.count("h1") == page.count("main") == 1
    assert parsed(site["tiny/index.html"]).all("aria-sort") == ["ascending"]


def test_private_scores_that_are_not_shown_are_on_no_page(by_hand: Any) -> None:
    rules = by_hand.rules()
    made = [by_hand.result(rules, name, score) for name, score in (("first", 0.8), ("second", 0.7))]
    secret = [one.model_copy(update={"heldout": one.heldout | {"f1/private": 0.123456}}) for one in made]
    board = by_hand.board(rules, *secret)
    sealed = replace(board, rows=tuple(replace(row, heldout_private=None) for row in board.rows))
    assert any("0.1235" in text for text in by_hand.site(board).values())
    assert not any("0.123" in text for text in by_hand.site(sealed).values())


def test_many_classes_give_the_largest_confusions(by_hand: Any) -> None:
    rules = by_hand.rules("multiclass")
    made = by_hand.result(rules, "first", 0.8, [f"class {i}" for i in range(30)])
    assert "Largest confusions of 30 classes" in by_hand.site(by_hand.board(rules, made))["tiny/solutions/first.html"]


def test_many_folds_are_summed_up(by_hand: Any, parsed: Any) -> None:
    rules = by_hand.rules(n_splits=5, n_repeats=10)
    site = by_hand.site(by_hand.board(rules, by_hand.result(rules, "first", 0.8)))
    assert "F1 of 50 folds, summed up" in parsed(site["tiny/index.html"]).text
    assert "F1 of 50 folds" in parsed(site["tiny/solutions/first.html"]).text
    few = by_hand.rules(n_splits=3, n_repeats=2)
    assert "Fold 2.3" in by_hand.site(by_hand.board(few, by_hand.result(few, "first", 0.8)))["tiny/index.html"]


def test_a_hundred_solutions_stay_under_a_megabyte_a_page(by_hand: Any) -> None:
    rules = by_hand.rules(n_splits=10)
    curve = tuple((i / 100, round(i**0.9 / 100, 4)) for i in range(101))
    counts = ((90, 10, 10, 90),) * 1_000
    names = tuple(f"a group with a name {i:04}" for i in range(1_000))
    board = [
        by_hand.result(rules, f"solution_{i:03}", 0.5 + i / 1000, curves={"roc": curve, "precision_recall": curve})
        for i in range(100)
    ]
    board = [
        by_hand.with_card(one, docstring="A sentence of forty letters that says why. " * 10).model_copy(
            update={"statistics": one.statistics.model_copy(update={"clusters": names, "units": (counts,)})}
        )
        for one in board
    ]
    source = "def f(x):\n    return [one + 1 for one in x]  # why\n" * 1_300  # about 64 KiB
    shown = inferred(by_hand.board(rules, *board))
    one = by_hand.slices(shown).by[0]
    many = Slices(tuple(replace(one, slices=one.slices[:1] * 40) for _ in range(3)))
    site = by_hand.site(shown, sources={"solution_000": source}, slices=many)
    assert len(site) == 104
    sizes = {path: len(text.encode()) for path, text in site.items()}
    assert max(sizes.values()) < 1_000_000, max(sizes, key=sizes.__getitem__)
    assert "solution_042" in site["tiny/compare.html"]


def test_the_same_results_give_the_same_bytes(by_hand: Any) -> None:
    rules = by_hand.rules()
    made = [by_hand.result(rules, "first", 0.8), by_hand.result(rules, "second", None)]
    assert by_hand.site(by_hand.board(rules, *made)) == by_hand.site(by_hand.board(rules, *reversed(made)))
