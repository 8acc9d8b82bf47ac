"""`podium blend`: which solutions complement each other, and their blend as a solution."""

import math
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from competition.cli.common import (
    Json,
    Slug,
    SolutionNames,
    board_of,
    definition_of,
    err,
    features_of,
    out,
    print_json,
    this_repository,
)
from competition.cli.trials import cache_of
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.board.blends import Blending, Missing
    from competition.dataset import Prepared
    from competition.repository import Repository
    from competition.solution import Solution

Export = Annotated[
    str | None,
    typer.Option("-o", "--export", metavar="NAME", help="Write the best blend as solutions/SLUG/NAME.py."),
]


def blend(slug: Slug, solutions: SolutionNames = None, as_json: Json = False, export: Export = None) -> None:
    """Show which solutions complement each other and what their best blend gains, from predictions that are kept."""
    from competition.board.blends import blending
    from competition.dataset import read_prepared
    from competition.manifest import current_manifest
    from competition.result_files import collect_results
    from competition.solution import choose_solutions

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    if manifest is None:
        raise PodiumError(f"the data of '{definition.slug}' is not prepared", f"run `podium prepare {definition.slug}`")
    if export is not None:
        from competition.scaffold.blend import check_name

        check_name(repository, definition.slug, export)
    features = features_of(definition, manifest)
    chosen = {one.name: one for one in choose_solutions(repository, definition, features, solutions or [])}
    collected = collect_results(repository, definition.slug)
    board = board_of(repository, definition, manifest, collected)
    prepared = read_prepared(repository, definition)
    with err.status("blending"):
        found = blending(board, prepared, chosen, cache_of(repository), collected.local)
    if as_json:
        print_json(_content(found))
    else:
        _print(found)
    if export is not None:
        _export(repository, found, prepared, chosen, export)


def _export(
    repository: "Repository", found: "Blending", prepared: "Prepared", chosen: "Mapping[str, Solution]", name: str
) -> None:
    from competition.board.blends import scorer_of
    from competition.scaffold.blend import Recipe, create_blend

    if found.best is None:
        raise PodiumError(f"there is no blend to export: {found.reason}")
    recipe = Recipe(
        definition=found.board.definition,
        members=tuple((chosen[row.name], weight) for row, weight in found.members),
        scorer=scorer_of(found.board),
        classes=tuple(prepared.classes),
        features=tuple(column.name for column in prepared.manifest.columns),
    )
    path = create_blend(repository, recipe, name)
    seconds = recipe.n_fits * sum(row.fit_seconds or 0.0 for row, _ in found.members)
    limit = found.board.definition.limits.seconds
    if seconds > limit:
        told = f"a trial fits each member {recipe.n_fits} times, about {seconds:,.0f} s here; the limit is {limit:g} s"
        err.print(told, style="yellow", highlight=False, markup=False)
    err.print(f"wrote {repository.relative(path)}; podium run {found.board.slug} {name}", highlight=False, markup=False)


# --- for a person ---


def _print(found: "Blending") -> None:
    title = found.board.primary_title
    if found.pairs:
        out.print(_pairs(found))
    if found.best is not None:
        out.print(Text(f"\nbest blend of {len(found.rows)} solutions", style="bold"))
        for row, weight in found.members:
            out.print(f"{weight:>6.1%}  {row.name}", highlight=False, markup=False)
        told = f"{title} {found.best.score:.4f}; best single solution {found.best.best_single:.4f}; {_gain(found)}"
        out.print(told, highlight=False, markup=False)
        out.print(Text(f"{found.verdict} {found.basis}", style="dim"))
    elif found.reason:
        out.print(Text(f"no blend: {found.reason}", style="yellow"))
    for (why, runs), alike in groupby(sorted(found.missing, key=_reason), _reason):
        names = [one.name for one in alike]
        told = f"not in it, {why}: {', '.join(names)}" + (f"\n  {runs.format(' '.join(names))}" if runs else "")
        out.print(Text(told, style="yellow"), soft_wrap=True)


def _reason(missing: "Missing") -> tuple[str, str]:
    return missing.why, missing.runs


def _pairs(found: "Blending") -> Table:
    from competition.board.blends import correlation

    table = Table(
        title=Text("pairs that complement each other, by the gain of their blend"),
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("solutions", no_wrap=True)
    for column in ("score", "errors\ncorrelate", "blend", "gain"):
        table.add_column(column, justify="right", vertical="bottom")
    for pair in found.pairs:
        names = "\n+ ".join(found.rows[place].name for place in (pair.first, pair.second))
        scores = "\n".join(f"{score:.4f}" for score in pair.scores)
        table.add_row(names, scores, correlation(pair), f"{pair.blend.score:.4f}", f"{pair.blend.gain:+.4f}")
    return table


def _gain(found: "Blending") -> str:
    assert found.best is not None
    if found.interval is None:
        return f"gain {found.best.gain:+.4f} (no interval: {found.reason})"
    return f"gain {found.best.gain:+.4f} (95 % interval {found.interval.low:+.4f} to {found.interval.high:+.4f})"


# --- for a program ---


def _content(found: "Blending") -> dict[str, Any]:
    best = found.best
    return {
        "competition": found.board.slug,
        "metric": found.board.definition.metric.primary,
        "greater_is_better": found.board.definition.primary.greater_is_better,
        "pairs": [
            {
                "solutions": [found.rows[pair.first].name, found.rows[pair.second].name],
                "error_correlation": None if math.isnan(pair.correlation) else pair.correlation,
                "identical": pair.identical,
                "scores": list(pair.scores),
                "weights": pair.blend.weights.tolist(),
                "blend": pair.blend.score,
                "gain": pair.blend.gain,
            }
            for pair in found.pairs
        ],
        "blend": best
        and {
            "weights": {row.name: weight for row, weight in found.members},
            "score": best.score,
            "best_single": best.best_single,
            "gain": best.gain,
            "interval": found.interval and [found.interval.low, found.interval.high],
        },
        "reason": found.reason,
        "missing": [{"solution": one.name, "why": one.why, "command": one.command} for one in found.missing],
    }
