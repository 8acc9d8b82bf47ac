"""The page: what it shows for each task, that it fetches nothing, and that no entrant's text becomes markup."""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from competition.board import html
from competition.board.table import Leaderboard, build
from competition.definition import Competition
from competition.results import Failure, Provenance, Result, SolutionCard, Statistics, TrialRecord

TASKS: dict[str, dict[str, Any]] = {
    "binary": {"primary": "f1", "also": ["roc_auc", "log_loss"]},
    "multiclass": {"primary": "f1", "also": ["log_loss"]},
    "regression": {"primary": "root_mean_squared_error", "also": ["r2"]},
}
VOID = {"meta", "link", "br", "input", "img", "hr"}
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31mred\x1b[0m \u202egnp.exe\u202c {{ 7*7 }}"
)


def definition(task: str = "binary", n_splits: int = 5, n_repeats: int = 1) -> Competition:
    data = {"id": "id", "target": "y", "time": "t"} | ({"positive": "yes"} if task == "binary" else {})
    return Competition.model_validate(
        {
            "competition": {"slug": "tiny", "title": "A <tiny> task", "task": task, "seed": 1},
            "data": data,
            "split": {"strategy": "random"},
            "cv": {"strategy": "random", "n_splits": n_splits, "n_repeats": n_repeats},
            "metric": TASKS[task],
            "ranking": {"cluster": "day"},
        }
    )


def statistics(rules: Competition, score: float, n_classes: int) -> Statistics:
    """Sums of twelve days that differ a little."""
    days = range(12)
    if n_classes:
        hits = [round(100 * score) - day % 3 for day in days]
        of_day = [
            [float(hit if i == j else 100 - hit) for i in range(n_classes) for j in range(n_classes)] for hit in hits
        ]
    else:
        of_day = [[100.0, 80.0 + day, 100 * score**2 + day, 500.0, 4000.0] for day in days]
    units = (tuple(tuple(day) for day in of_day),)
    return Statistics(clusters=tuple(f"day {day}" for day in days), metric=rules.metric.primary, units=units)


def result(
    rules: Competition, name: str, score: float | None, classes: Sequence[str] = ("no", "yes"), **changes: Any
) -> Result:
    """A result by hand; those with a score have everything, those without failed in one fold and on held-out rows."""
    classes = () if rules.task == "regression" else tuple(classes)
    failure = Failure(type="error", message="ValueError: no", traceback=(f"{name}.py, line 3, in fit: raise",))
    cv = rules.cv
    places = [("cv", repeat, fold) for repeat in range(cv.n_repeats) for fold in range(cv.n_splits)]
    trials = tuple(
        TrialRecord(
            part=part,  # type: ignore[arg-type]
            repeat=repeat,
            fold=fold,
            seed=1,
            rows_train=800,
            rows_predict=2000,
            metrics={} if score is None else {rules.metric.primary: score + 0.01 * (fold % 3)},
            fit_seconds=0.5 + fold,
            predict_seconds=0.02,
            wall_seconds=1.0,
            peak_memory_mb=1234.5,
            predictions="0" * 16,
            failure=failure if score is None and (part == "heldout" or fold == 1) else None,
        )
        for part, repeat, fold in [*places, ("heldout", 0, 0)]
    )
    curve = ((0.0, 0.0), (0.5, 0.8), (1.0, 1.0))
    counts = tuple(tuple(90 if i == j else 30 for j in range(len(classes))) for i in range(len(classes)))
    known = score is not None
    metrics = dict.fromkeys(rules.metric_names, score) if known else {}
    made = Result(
        format=1,
        competition=rules.slug,
        solution=SolutionCard(
            name=name,
            origin="tiny",
            title=f"Title of {name}",
            authors=("Ada L.", "Bo"),
            tags=("boosting",),
            disclosure={"external-data": False, "pretrained": True},
            docstring="Why it works.\n\nSecond\nparagraph.",
        ),
        provenance=Provenance(
            competition_version=1,
            rules=rules.rules,
            data="data-print",
            split="split-print",
            solution_file="file-print",
            child="child-print",
            scoring="scoring-print",
            podium="0.1.0",
            python="3.11.7",
            platform="Linux x86_64",
            numerics="openblas",
            packages={"numpy": "2.4.0"},
            threads=1,
            isolation="kernel",
        ),
        score=score,
        metrics=metrics,
        heldout={f"{metric}/{half}": score for metric in metrics for half in ("public", "private")},
        statistics=None if score is None else statistics(rules, score, len(classes)),
        confusion=counts if known and classes else None,
        classes=classes,
        curves={"roc": curve, "precision_recall": curve} if known and len(classes) == 2 else {},
        trials=trials,
    )
    return made.model_copy(update=changes)


def with_card(made: Result, **changes: Any) -> Result:
    return made.model_copy(update={"solution": made.solution.model_copy(update=changes)})


def board(rules: Competition, *results: Result) -> Leaderboard:
    return build(rules, results, None)


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data

    def count(self, tag: str, **attributes: str) -> int:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return sum(name == tag and wanted.items() <= attrs.items() for name, attrs in self.tags)

    def all(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute)) is not None]


@pytest.mark.parametrize(
    ("task", "classes", "matrices", "curves"),
    [("binary", "no yes", 1, 2), ("multiclass", "a b c", 1, 0), ("regression", "", 0, 0)],
)
def test_each_task_has_its_page(task: str, classes: str, matrices: int, curves: int) -> None:
    rules = definition(task)
    made = [result(rules, "first", 0.8, classes.split()), result(rules, "second", 0.7, classes.split())]
    page = Page(html.render(board(rules, *made)))
    assert page.count("details") == 2
    assert page.count("table", class_="matrix") == 2 * matrices
    assert page.count("svg", class_="curve") == 2 * curves
    assert page.count("svg", class_="score-time") == 1
    assert "A <tiny> task" in page.text
    assert "0.8000" in page.text


def test_the_sentences_of_the_board_stand_on_it() -> None:
    rules = definition()
    shown = board(rules, result(rules, "first", 0.8))
    page = Page(html.render(shown))
    assert all(note in page.text for note in (shown.basis, shown.interval_note, shown.trust_note))


@pytest.mark.parametrize(
    ("task", "orders"),
    [
        ("binary", {"F1": "descending", "ROC AUC": "descending", "Log loss": "ascending", "Fit, s": "ascending"}),
        ("regression", {"RMSE": "ascending", "Held-out private": "ascending", "R²": "descending"}),
    ],
)
def test_sorting_puts_the_best_first(task: str, orders: dict[str, str]) -> None:
    rules = definition(task)
    text = html.render(board(rules, result(rules, "first", 0.8)))
    for title, order in orders.items():
        assert re.search(rf'<th scope="col" data-order="{order}"[^>]*>{re.escape(title)}', text)


def test_failed_solutions_stand_last_and_say_why() -> None:
    rules = definition()
    page = Page(html.render(board(rules, result(rules, "a_broken", None), result(rules, "fine", 0.8))))
    assert page.text.index("Title of fine") < page.text.index("Title of a_broken")
    assert "Failed: 2 of 6 trials, error: ValueError: no" in page.text
    assert "on fold 2, held-out rows: its code raised an exception." in page.text
    assert "a_broken.py, line 3, in fit: raise" in page.text


@pytest.mark.parametrize(("kind", "says"), [("timeout", "longer than the 600 s"), ("memory", "more than the 4 GB")])
def test_limits_are_named(kind: Any, says: str) -> None:
    rules = definition()
    broken = result(rules, "broken", None)
    failure = Failure(type=kind, message="over")
    trials = tuple(t.model_copy(update={"failure": failure}) for t in broken.trials)
    assert says in html.render(board(rules, broken.model_copy(update={"trials": trials})))


def test_a_score_that_is_undefined_is_no_failure() -> None:
    rules = definition()
    undefined = {"score": None, "metrics": dict.fromkeys(rules.metric_names)}
    made = result(rules, "silent", 0.5).model_copy(update=undefined)
    page = Page(html.render(board(rules, made, result(rules, "fine", 0.8))))
    assert "No score: F1 is undefined for what it returns." in page.text


def test_stale_results_are_listed_and_not_ranked() -> None:
    rules = definition()
    old = result(rules, "old", 0.9)
    old = old.model_copy(update={"provenance": old.provenance.model_copy(update={"competition_version": 7})})
    page = Page(html.render(board(rules, old, result(rules, "fine", 0.8))))
    assert "old: made under version 7 of the rules, which are at 1" in page.text
    assert page.count("details") == 1


@pytest.mark.parametrize("results", [[], [None]])
def test_a_board_without_a_score_is_a_page_too(results: list[None]) -> None:
    rules = definition()
    page = Page(html.render(board(rules, *(result(rules, "broken", score) for score in results))))
    assert page.count("svg", class_="score-time") == 0


def test_hostile_text_is_shown_as_text() -> None:
    rules = definition()
    fine = result(rules, "fine", 0.8, classes=("no", HOSTILE))
    card = {"title": HOSTILE, "authors": (HOSTILE,), "tags": (HOSTILE,), "docstring": HOSTILE, "origin": HOSTILE}
    fine = with_card(fine, name=f'"{HOSTILE}', disclosure={HOSTILE: True}, **card)
    made_with = {"packages": {HOSTILE: HOSTILE}, "platform": HOSTILE, "numerics": HOSTILE, "podium": HOSTILE}
    fine = fine.model_copy(update={"provenance": fine.provenance.model_copy(update=made_with)})
    broken = result(rules, "broken", None)
    failure = Failure(type="error", message=HOSTILE, traceback=(HOSTILE,))
    trials = tuple(t.model_copy(update={"failure": t.failure and failure}) for t in broken.trials)
    broken = with_card(broken.model_copy(update={"trials": trials}), **card)
    stale = with_card(result(rules, "old", 0.9), name=HOSTILE)
    stale = stale.model_copy(update={"provenance": stale.provenance.model_copy(update={"data": HOSTILE})})
    text = html.render(build(rules, [fine, broken, stale, result(rules, "third", 0.5)], None))
    page = Page(text)
    assert page.count("script") == 1
    assert page.count("img") == 0
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", text)
    assert "</script><script>alert(1)</script><img src=x onerror=alert(2)> [31mred[0m gnp.exe {{ 7*7 }}" in page.text


def test_the_page_fetches_nothing() -> None:
    rules = definition()
    text = html.render(board(rules, result(rules, "first", 0.8), result(rules, "second", None)))
    page = Page(text)
    assert all(link.startswith(("#", "data:")) for name in ("href", "src", "action") for link in page.all(name))
    assert "@import" not in text
    assert "url(" not in text
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}


def test_the_policy_lets_this_script_run_and_no_other() -> None:
    rules = definition()
    text = html.render(board(rules, result(rules, "first", 0.8)))
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert script is not None
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    policy = next(value for value in Page(text).all("content") if value.startswith("default-src"))
    assert policy.startswith(f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; ")


def test_links_lead_to_sections_and_ids_are_unique() -> None:
    rules = definition()
    page = Page(html.render(board(rules, *(result(rules, f"s{i}", 0.5 + i / 100) for i in range(4)))))
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.all("href") if link.startswith("#")} <= set(ids)
    assert set(page.all("data-for")) <= set(ids)
    labelled = [word for name in ("aria-labelledby", "for") for value in page.all(name) for word in value.split()]
    assert set(labelled) <= set(ids)


def test_tables_are_named_and_heads_have_a_scope() -> None:
    rules = definition()
    page = Page(html.render(board(rules, result(rules, "first", 0.8), result(rules, "second", None))))
    assert page.count("caption") == page.count("table")
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert page.all("aria-sort") == ["ascending"]
    assert page.count("html", lang="en") == 1


def test_many_classes_give_the_largest_confusions() -> None:
    rules = definition("multiclass")
    classes = [f"class {i}" for i in range(30)]
    made = result(rules, "first", 0.8, classes)
    counts = [list(row) for row in made.confusion or ()]
    counts[3][7] = 999
    made = made.model_copy(update={"confusion": tuple(map(tuple, counts))})
    assert html.matrix(made) == []
    actual, called, cell = html.confusions(made)[0]
    assert (actual, called, cell.count, cell.percent) == ("class 3", "class 7", 999, 52)
    assert "Largest confusions of 30 classes" in html.render(board(rules, made))


def test_a_confusion_matrix_is_normalised_by_row() -> None:
    made = result(definition(), "first", 0.8, confusion=((3, 1), (0, 0)))
    rows = html.matrix(made)
    assert [(label, [(cell.count, cell.percent) for cell in row]) for label, row in rows] == [
        ("no", [(3, 75), (1, 25)]),
        ("yes", [(0, 0), (0, 0)]),
    ]


def test_many_folds_are_summed_up() -> None:
    rules = definition(n_splits=5, n_repeats=10)
    made = result(rules, "first", 0.8)
    assert html.fold_summary(made, "f1") == [
        ("lowest", pytest.approx(0.8)),
        ("median", pytest.approx(0.81)),
        ("highest", pytest.approx(0.82)),
    ]
    assert "F1 of 50 folds" in Page(html.render(board(rules, made))).text
    few = definition(n_splits=3, n_repeats=2)
    assert "repeat 2, 3" in Page(html.render(board(few, result(few, "first", 0.8)))).text


def test_a_bar_beyond_the_axis_points_outwards() -> None:
    scale = html.Scale(0.5, 1.0)
    assert html.bar(scale, 0.75, 0.7, 0.8) == html.Bar(50.0, 40.0, 60.0, "")
    assert html.bar(scale, 0.2) == html.Bar(0.0, 0.0, 0.0, "low")
    assert html.bar(scale, 0.75, float("nan"), None) == html.Bar(50.0, 50.0, 50.0, "")
    assert html.bar(scale, None) is None
    assert html.bar(None, 0.5) is None


def test_a_docstring_keeps_its_paragraphs_and_a_very_long_one_is_cut() -> None:
    assert html.paragraphs("One\ntwo.\n \nThree.\n\n\x1b[1m\n") == ["One two.", "Three.", "[1m"]
    assert len(html.paragraphs("x" * 60_000)[0]) < 4_010


def test_curves_are_steps_of_tenths_of_a_pixel() -> None:
    (precision_recall, roc) = html.curves(result(definition(), "first", 0.8))
    assert roc.path == "M0 200l100 -160 100 -40"
    assert roc.chance == "M0 200L200 0"
    assert precision_recall.chance == "M0 100.0H200"


def test_a_hundred_solutions_stay_under_a_megabyte() -> None:
    rules = definition(n_splits=10)
    curve = tuple((i / 100, round(i**0.9 / 100, 4)) for i in range(101))
    curves = {"roc": curve, "precision_recall": curve}
    made = [result(rules, f"solution_{i:03}", 0.5 + i / 1000, curves=curves) for i in range(100)]
    made = [with_card(one, docstring="A sentence of forty letters that says why. " * 10) for one in made]
    assert len(html.render(board(rules, *made)).encode()) < 1_000_000


def test_the_same_board_gives_the_same_bytes() -> None:
    rules = definition()
    made = [result(rules, "first", 0.8), result(rules, "second", None)]
    assert html.render(board(rules, *made)) == html.render(board(rules, *reversed(made)))
