"""The page of a recorded audit, and the pages that lead to it."""

import re
from html import unescape

import pytest

from competition.audit.record import AuditRecord
from competition.board.site import Contest, render
from competition.board.site.audit import audit_page

HOSTILE = "<script>alert(1)</script>\u202e{{ 1234*5 }}"
SEVERE = {
    "check": "lattices",
    "severity": "severe",
    "what": "the target is written into the digits",
    "where": ("x",),
    "mend": "round them",
    "strength": {"metric": "f1", "score": 0.9911, "baseline": 0.4, "roc_auc": 0.9988},
    "reference": {"metric": "f1", "score": 0.5, "baseline": 0.4, "roc_auc": 0.6},
    "p_value": 1e-9,
    "rows": ("train row 3", "test row 8"),
}
NUMBERS = {"metric": "r2", "score": -0.2, "baseline": 0.0, "roc_auc": None}


def record_of(*findings, **changes):
    """A record by hand."""
    checks = [{"check": one["check"], "looks_for": "Something", "skipped": None} for one in findings]
    checks += [
        {"check": "ids", "looks_for": "Ids that tell", "skipped": None},
        {"check": "time_split", "looks_for": "Looking ahead", "skipped": "there is no column of dates"},
    ]
    content = {
        "format": 1,
        "competition": "tiny",
        "task": "binary",
        "data": "data-print",
        "split": "split-print",
        "rows": {"train": 12_345, "test": 60},
        "columns": 3,
        "notes": (),
        "findings": findings,
        "checks": checks,
    }
    return AuditRecord.model_validate(content | changes)


@pytest.fixture
def site(by_hand):
    """Make the site of a competition with a record."""

    def make(record, data=None, names=("first", "second")):
        rules = by_hand.rules()
        board = by_hand.board(rules, *(by_hand.result(rules, name, 0.8) for name in names))
        return dict(render([Contest(board, {}, audit=audit_page(record, board, data))]))

    return make


def words(text):
    """What a reader sees of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_a_finding_says_what_where_how_strong_and_how_to_mend_it(site, parsed):
    made = site(record_of(SEVERE))["tiny/audit.html"]
    page, text = parsed(made), words(made)
    assert "severe lattices: x The target is written into the digits." in text
    assert "this alone 0.9911 0.9988 the same model without it 0.5000 0.6000 knowing nothing 0.4000 –" in text
    assert "How to mend it Round them. p-value < 0.001 Rows train row 3, test row 8" in text
    assert [page.count("path", class_=kind) for kind in ("alone", "without", "nothing")] == [1, 1, 1]
    assert "M0 0h148.7v12H0z" in page.all("d")
    assert "12,345 train rows" in text


def test_what_was_found_clean_and_what_was_skipped_are_told(site):
    text = words(site(record_of(SEVERE))["tiny/audit.html"])
    assert "found nothing Checks that found nothing Check Looks for ids Ids that tell." in text
    assert "Check Why time_split There is no column of dates." in text


def test_a_score_below_nothing_has_an_empty_bar_and_no_area(site, parsed):
    one = SEVERE | {"strength": NUMBERS, "reference": None, "severity": "warning", "rows": (), "p_value": None}
    made = site(record_of(one))["tiny/audit.html"]
    page = parsed(made)
    assert "M0 0h0.0v12H0z" in page.all("d")
    assert "ROC AUC" not in page.text
    assert "this alone -0.2000 knowing nothing 0.0000" in words(made)


@pytest.mark.parametrize(
    ("findings", "worst", "told"),
    [
        ((), "clean", "nothing found"),
        ((SEVERE, SEVERE), "severe", "2 severe"),
        ((SEVERE | {"severity": "warning"}, SEVERE | {"severity": "note"}), "warning", "1 warning"),
    ],
)
def test_the_overview_and_the_board_lead_there_with_the_worst_severity(site, parsed, findings, worst, told):
    made = site(record_of(*findings))
    for path, href in (("index.html", "tiny/audit.html"), ("tiny/index.html", "audit.html")):
        page = parsed(made[path])
        assert href in page.all("href")
        assert page.count("span", class_=f"mark {worst}") == 1
        assert told in page.text
        assert "of other data" not in page.text
    assert ("give labels away" in parsed(made["tiny/index.html"]).text) == (worst == "severe")


@pytest.mark.parametrize(
    ("data", "names", "outdated"),
    [
        (("data-print", "split-print"), ("first",), False),
        (("new", "split-print"), ("first",), True),
        (("data-print", "new"), (), True),
        (None, ("first",), False),
        (None, (), False),
    ],
)
def test_a_record_of_other_data_says_so(site, parsed, data, names, outdated):
    made = site(record_of(SEVERE), data, names)
    assert ("podium audit tiny --record" in parsed(made["tiny/audit.html"]).text) == outdated
    assert ("of other data" in parsed(made["index.html"]).text) == outdated


def test_without_prepared_data_it_is_compared_with_the_data_of_the_results(site, parsed):
    made = site(record_of(SEVERE, data="before"))
    assert "have changed since" in parsed(made["tiny/audit.html"]).text


def test_without_a_record_there_is_no_page_and_no_link(by_hand):
    rules = by_hand.rules()
    made = by_hand.site(by_hand.board(rules, by_hand.result(rules, "first", 0.8)))
    assert "tiny/audit.html" not in made
    assert not any("audit" in text.partition("</style>")[2] for text in made.values())


def test_what_stands_in_data_is_shown_as_text(site, parsed):
    hostile = SEVERE | dict.fromkeys(("check", "what", "mend"), HOSTILE) | {"where": (HOSTILE,) * 9, "rows": (HOSTILE,)}
    hostile |= {"strength": SEVERE["strength"] | {"metric": HOSTILE}}
    record = record_of(hostile, notes=(HOSTILE,))
    for text in site(record).values():
        page = parsed(text)
        assert page.count("script") <= 3
        assert "6170" not in page.text
        assert "\u202e" not in text
        assert "alert(1)" not in "".join(part.partition("</script>")[0] for part in text.split("<script>")[1:])
    page = parsed(site(record)["tiny/audit.html"])
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "and 1 more" in page.text
