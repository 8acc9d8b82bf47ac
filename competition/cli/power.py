"""`podium power`: the smallest difference that a competition's split can tell apart."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

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
    from competition.board.power import SplitPower
    from competition.definition import Competition
    from competition.ranking.power import SmallestDifference


def power(slug: Slug, solutions: SolutionNames = None, as_json: Json = False) -> None:
    """State the smallest difference that the split can tell apart, by simulation with baselines that were run."""
    from competition.board.power import power_of
    from competition.dataset import read_prepared
    from competition.manifest import current_manifest
    from competition.solution import choose_solutions

    repository = this_repository()
    definition = definition_of(repository, slug)
    manifest = current_manifest(repository, definition)
    if manifest is None:
        raise PodiumError(f"the data of '{definition.slug}' is not prepared", f"run `podium prepare {definition.slug}`")
    features = features_of(definition, manifest)
    chosen = {one.name: one for one in choose_solutions(repository, definition, features, solutions or [])}
    board = board_of(repository, definition, manifest, of_any_harness=True)
    prepared = read_prepared(repository, definition)
    with err.status("simulating contests"):
        found = power_of(board, prepared, chosen, cache_of(repository))
    if as_json:
        print_json(_content(found, definition))
    else:
        _print(found, definition)


def _content(found: "SplitPower", definition: "Competition") -> dict[str, Any]:
    from competition.board.power import PARTS
    from competition.ranking.inference import LEVEL
    from competition.ranking.power import POWER

    references = [
        {
            "solution": one.name,
            "score": one.score,
            "parts": {
                part: {"rows": rows, **{key: value for key, value in asdict(each).items() if key != "score"}}
                for part, rows, each in zip(PARTS, found.rows, one.differences, strict=True)
            },
        }
        for one in found.references
    ]
    return {
        "competition": definition.slug,
        "metric": definition.metric.primary,
        "power": POWER,
        "level": LEVEL,
        "references": references,
        "baselines": found.n_baselines,
        "error_correlation": found.correlation,
        "gap_of_neighbours": found.gap,
        "warnings": found.warnings,
        "missing": list(found.missing),
    }


def _print(found: "SplitPower", definition: "Competition") -> None:
    from competition.board.power import PARTS
    from competition.ranking.inference import LEVEL
    from competition.ranking.power import N_SOLUTIONS, POWER

    unit = {"row": "bins of rows", "day": "days", "group": "groups"}[definition.ranking.cluster]
    table = Table(
        title=Text(f"smallest difference in {definition.primary.title} that is told apart"),
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("part", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column(unit, justify="right")
    for number, one in enumerate(found.references):
        kind = "the best" if number == 0 else "the middle one"
        table.add_column(f"from {kind},\n{one.name} ({one.score:.4f})", justify="right")
    for place, part in enumerate(PARTS):
        of_part = [one.differences[place] for one in found.references]
        table.add_row(part, f"{found.rows[place]:,}", str(of_part[0].n_clusters), *map(_told, of_part))
    out.print(table)
    basis = (
        f"A difference counts if ranking finds it, at its {LEVEL:.0%} level, in {POWER:.0%} of contests of "
        f"{N_SOLUTIONS} solutions, simulated from out-of-fold predictions of {_baselines(found)}; errors "
        f"correlate by {found.correlation:.2f}."
    )
    out.print(Text(basis, style="dim"))
    if found.gap is not None:
        out.print(f"Baselines that are neighbours differ by {found.gap:.4f} (median).", highlight=False)
    for one in found.references:
        for reason in dict.fromkeys(each.reason for each in one.differences if each.reason):
            parts = [part for part, each in zip(PARTS, one.differences, strict=True) if each.reason == reason]
            out.print(f"{one.name}, {', '.join(parts)}: {reason}", highlight=False, markup=False, soft_wrap=True)
    for warning in found.warnings:
        out.print(Text(f"! {warning}", style="yellow"), soft_wrap=True)
    if found.warnings:
        out.print(Text("  a larger split.fraction or split.public gives it more rows", style="dim"), soft_wrap=True)
    if found.missing:
        names = ", ".join(found.missing[:5]) + (", ..." if len(found.missing) > 5 else "")
        told = f"without {names}: no predictions are kept; `podium run {definition.slug} --fresh` makes them"
        out.print(Text(told, style="dim"), soft_wrap=True)


def _baselines(found: "SplitPower") -> str:
    return "one baseline" if found.n_baselines == 1 else f"{found.n_baselines} baselines"


def _told(found: "SmallestDifference") -> str:
    return "–" if found.difference is None else f"{found.difference:.4f}"
