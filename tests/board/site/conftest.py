"""Boards by hand for every task, their sites, and a parser that complains about what is not well-formed."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from competition.board.site import Contest, render
from competition.board.slices import NO_SLICES, Slice, Sliced, Slices
from competition.board.table import Leaderboard, build
from competition.definition import Competition
from competition.ranking.order import Interval
from competition.results import (
    Calibration,
    Curves,
    Failure,
    Provenance,
    Result,
    SolutionCard,
    Statistics,
    TrialRecord,
)

VOID = {"meta", "link", "br", "input", "img", "hr"}
TASKS: dict[str, dict[str, Any]] = {
    "binary": {"primary": "f1", "also": ["roc_auc", "log_loss"]},
    "multiclass": {"primary": "f1", "also": ["log_loss"]},
    "regression": {"primary": "root_mean_squared_error", "also": ["r2"]},
}


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.data = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data
        elif self.tags[-1] == ("script", {"type": "application/json", "id": "data"}):
            self.data += data

    def count(self, tag: str, **attributes: str) -> int:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return sum(name == tag and wanted.items() <= attrs.items() for name, attrs in self.tags)

    def all(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute)) is not None]


def rules_of(task: str = "binary", n_splits: int = 5, n_repeats: int = 1) -> Competition:
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


def made_of(
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
            predictions=sha256(f"{name} {part} {repeat} {fold}".encode()).hexdigest()[:16],
            failure=failure if score is None and (part == "heldout" or fold == 1) else None,
        )
        for part, repeat, fold in [*places, ("heldout", 0, 0)]
    )
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
        curves=curves_of(rules) if known else {},
        calibration=calibration_of(rules) if known else None,
        trials=trials,
    )
    return made.model_copy(update=changes)


def curves_of(rules: Competition) -> Curves:
    curve = ((0.0, 0.0), (0.5, 0.8), (1.0, 1.0))
    if rules.task == "regression":
        return {
            "quantiles": ((10.0, 11.0), (20.0, 19.0), (31.0, 28.0)),
            "residuals": ((0.0, -4.0), (0.5, 0.1), (1.0, 5.0)),
        }
    return {"roc": curve, "precision_recall": curve}


def calibration_of(rules: Competition) -> Calibration:
    if rules.task == "regression":
        bins = {"predicted": (12.0, 22.0), "observed": (12.5, 23.0), "rows": (60, 60)}
        return Calibration(kind="value", **bins, quartiles=((10.0, 14.0), (20.0, 25.0)), error=0.75)
    kind: Any = "probability" if rules.task == "binary" else "confidence"
    bins = {"predicted": (0.1, 0.6), "observed": (0.05, 0.7), "rows": (80, 40)}
    return Calibration(kind=kind, **bins, error=0.0667, brier=0.125)


def slices_by_hand(board: Leaderboard, missing: Sequence[str] = ()) -> Slices:
    """Three cells, in the second of which all are worse; the third has no score."""
    scores = {row.name: row.score for row in board.ranked if row.name not in missing}
    worse = {name: (score or 0.0) - 0.1 for name, score in scores.items()}
    ends = {name: Interval(score - 0.05, score + 0.05) for name, score in worse.items()}
    cells = (
        Slice("1ALTE", 1_200, 80, scores, {}, 0.8),
        Slice("<b>2</b>", 900, 40, worse, ends, 0.7),
        Slice("3CLTE", 12, 0, {}, {}, None),
    )
    return Slices((Sliced("CellName", cells, 5),), frozenset(missing))


def with_card(made: Result, **changes: Any) -> Result:
    return made.model_copy(update={"solution": made.solution.model_copy(update=changes)})


def board_of(rules: Competition, *results: Result) -> Leaderboard:
    return build(rules, results, None)


def site_of(
    *boards: Leaderboard, sources: Mapping[str, str] | None = None, slices: Slices = NO_SLICES
) -> dict[str, str]:
    return dict(render([Contest(board, sources or {}, slices=slices) for board in boards]))


@pytest.fixture(scope="session")
def by_hand() -> SimpleNamespace:
    """Make ``rules(task)``, a ``result(rules, name, score)``, a ``board(rules, *results)``, a ``site(*boards)``."""
    return SimpleNamespace(
        rules=rules_of, result=made_of, with_card=with_card, board=board_of, site=site_of, slices=slices_by_hand
    )


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], Page]:
    """Parse a page."""
    return Page
