"""Results that are not ranked: made on other data, by other rules, or by another version of the harness."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from competition.definition import Competition
from competition.results import Provenance, Result

if TYPE_CHECKING:
    from competition.evaluation.sources import Harness


def most_common(values: Iterable[str]) -> str:
    """Return what most have; the first in order where as many have another."""
    found = list(values)
    return max(sorted(set(found)), key=found.count, default="")


def trial_sources(harness: "Harness", made: Iterable[Provenance]) -> str:
    """Sources of trials that results are ranked from: the harness's own, or what most have if none has those."""
    found = [one.child for one in made if one.scoring == harness.scoring]
    return harness.child if harness.child in found else most_common(found)


@dataclass(frozen=True)
class Wanted:
    """What results are made on and with that belong on the board; None for anything."""

    data: str
    split: str
    harness: "Harness | None"
    sources: Mapping[str, str] | None


def why_stale(result: Result, definition: Competition, wanted: Wanted) -> str:
    """Say why a result is not ranked with the others; empty where it is."""
    made, harness = result.provenance, wanted.harness
    if wanted.sources is not None and wanted.sources[result.solution.name] != made.solution_file:
        return "its file has changed since"
    if made.competition_version != definition.competition.version:
        return (
            f"made under version {made.competition_version} of the rules, which are at {definition.competition.version}"
        )
    if made.rules != definition.rules:
        return "made under another metric, ranking, rule for predictions or limit"
    if made.data != wanted.data:
        return f"made on other data ({made.data}, not {wanted.data})"
    if made.split != wanted.split:
        return f"made on another split ({made.split}, not {wanted.split})"
    if harness is not None and made.scoring != harness.scoring:
        return f"scored by another version of the harness ({made.scoring}, not {harness.scoring})"
    if harness is not None and made.child != harness.child:
        return f"its trials were run by another version of the harness ({made.child}, not {harness.child})"
    missing = [name for name in definition.metric_names if name not in result.metrics]
    if missing and not result.failures:
        return f"made without the metric {missing[0]}"
    return ""
