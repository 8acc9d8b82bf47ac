"""The pages as text: path within the site -> HTML."""

import math
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from competition.board import chart
from competition.board.heldout import sections
from competition.board.numbers import cost, number, p_value, signed
from competition.board.site import figures, plots
from competition.board.site.blends import blend_section
from competition.board.site.clusters import ByCluster, by_cluster
from competition.board.site.compare import compare_data, script_json
from competition.board.site.editions import edition_sections
from competition.board.site.halves import SCATTER
from competition.board.site.overall import overall_section
from competition.board.site.pages import Contest, Line, competition_page, lines, pairs_page, summary
from competition.board.site.solution import solution_page
from competition.metrics import METRICS
from competition.text import clean

PACKAGE, TEMPLATES = "competition.board.site", "templates"
SCRIPTS = {"competition": "table.js", "compare": "compare.js"}


def render(contests: Sequence[Contest]) -> Iterator[tuple[str, str]]:
    """Yield the pages of a site.

    Every page is self-contained HTML: styles and scripts stand in it, named by their hashes in its policy, so that it
    opens from a disk and nothing else can run. Text that an entrant wrote is cleaned and escaped.

    Yields
    ------
    path, text : str
        Path from the folder of the site, with slashes.
    """
    boards = [contest.board for contest in contests]
    summaries = [summary(contest) for contest in contests]
    overview = {"summaries": summaries, "editions": edition_sections(boards), "overall": overall_section(boards)}
    yield "index.html", _page("index", "", **overview)
    for contest in contests:
        for path, text in _contest(contest):
            yield f"{contest.board.slug}/{path}", text


def _contest(contest: Contest) -> Iterator[tuple[str, str]]:
    board = contest.board
    clusters = by_cluster([row.result for row in board.ranked], board.definition)
    all_lines = lines(board)
    pairs = pairs_page(board)
    shared: dict[str, Any] = {"board": board, "has_pairs": pairs is not None, "has_two": len(board.ranked) > 1}
    blends = blend_section(contest.blending, all_lines)
    below = {"blends": blends, "sections": tuple(sections(board)), "audit": contest.audit}
    yield "index.html", _page("competition", "../", page=competition_page(board), **below, **shared)
    if contest.audit:
        yield "audit.html", _page("audit", "../", page=contest.audit, **shared)
    if pairs:
        yield "pairs.html", _page("pairs", "../", page=pairs, **shared)
    if shared["has_two"]:
        yield "compare.html", _compare(contest, all_lines, clusters, shared)
    for at, line in enumerate(all_lines):
        neighbours = (all_lines[at - 1] if at else None, all_lines[at + 1] if at + 1 < len(all_lines) else None)
        page = solution_page(contest, line, neighbours, clusters)
        yield f"solutions/{line.page}", _page("solution", "../../", page=page, **shared)


def _compare(contest: Contest, all_lines: Sequence[Line], clusters: ByCluster | None, shared: dict[str, Any]) -> str:
    data = script_json(compare_data(contest, all_lines, clusters))
    return _page("compare", "../", data=data, lines=[line for line in all_lines if line.row.rank], **shared)


def _page(name: str, root: str, **content: Any) -> str:
    """Fill a template; `root` leads from the page to the folder of the site."""
    style = asset("site.css") + chart.RULES
    scripts = {"theme": asset("theme.js"), "own": asset(SCRIPTS[name]) if name in SCRIPTS else ""}
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_digest(style)}",
            "script-src " + " ".join(_digest(script) for script in scripts.values() if script),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    template = _environment().get_template(f"{name}.html.jinja")
    return template.render(
        root=root,
        policy=policy,
        style=Markup(style),
        scripts={key: Markup(script) for key, script in scripts.items()},
        **content,
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def asset(name: str) -> str:
    """Return a style sheet or a script as a browser hashes it: with uniform line ends."""
    return (files(PACKAGE) / TEMPLATES / name).read_text("utf-8").replace("\r\n", "\n")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE, TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clean": clean,
        "number": number,
        "signed": signed,
        "p_value": p_value,
        "cost": cost,
        "direction": direction,
        "sentence": sentence,
    }
    environment.globals |= {
        "BAR": figures.BAR_WIDTH,
        "CURVE": plots.CURVE_SIZE,
        "SCATTER": SCATTER,
        "STRIP": (figures.STRIP_WIDTH, figures.STRIP_HEIGHT),
        "metrics": METRICS,
        "sortable": sortable,
    }
    return environment


def sortable(value: float | None) -> str:
    """Return a number as sorting reads it; empty, and so last in either direction, where there is none."""
    return "" if value is None or not math.isfinite(value) else f"{value:.8g}"


def sentence(text: str) -> str:
    """Return a remark with a capital and a full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def direction(greater_is_better: bool) -> str:
    """Return the order that puts the best first."""
    return "descending" if greater_is_better else "ascending"
