"""`podium doctor`, `selftest` and `cache`: this machine, and what runs have left on it."""

import platform
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from competition.cli.attacks import print_attacks
from competition.cli.common import Isolation, Json, err, out, print_json, this_repository
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.evaluation.hostile.selftest import Report

PRUNE = "Remove trials and environments that no run has used for so many days; 0 removes them all."
MAX_DAYS = 36_500
ATTACKS = "All if none is named."

Prune = Annotated[float | None, typer.Option(metavar="DAYS", help=PRUNE, show_default=False)]
Attacks = Annotated[list[str] | None, typer.Argument(metavar="ATTACK", help=ATTACKS)]


def doctor(as_json: Json = False) -> None:
    """Tell what this machine can hold: levels of isolation, cores, tools, what is missing and how to get it."""
    from competition.evaluation.sandbox.levels import LEVELS, probe

    findings = [probe(level) for level in LEVELS]
    facts = _facts()
    if as_json:
        levels = [{"level": one.level, "holds": one.holds, "why": one.why, "remedy": one.remedy} for one in findings]
        print_json({"isolation": levels, **facts})
        return
    table = _table("isolation", "here", "what it is")
    used = next((one.level for one in findings if one.holds), None)
    for one in findings:
        seen = Text("used" if one.level == used else "yes", "green") if one.holds else Text("no", "red")
        table.add_row(one.level, seen, _MEANING[one.level] if one.holds else f"{one.why}; {one.remedy}".rstrip("; "))
    out.print(table)
    out.print()
    for name, value in facts.items():
        out.print(f"{name + ':':<14} {value}", highlight=False, markup=False, soft_wrap=True)


_MEANING = {
    "namespaces": "bubblewrap round each worker; Landlock, seccomp and limits in each trial",
    "kernel": "Landlock, seccomp and limits in each trial; the worker sweeps what a trial leaves",
    "none": "limits alone: for solutions that you trust",
}


def _facts() -> dict[str, str]:
    from competition.evaluation.claims import cores
    from competition.evaluation.environments import uv_version
    from competition.evaluation.sandbox import landlock

    return {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        "cores": str(cores()),
        "Landlock": f"ABI {landlock.abi()}" if landlock.abi() else "none",
        "bubblewrap": shutil.which("bwrap") or "not installed",
        "uv": uv_version() or "not installed: solutions with packages of their own cannot run (`pip install uv`)",
    }


def selftest(attacks: Attacks = None, isolation: Isolation = None, as_json: Json = False) -> None:
    """Run hostile solutions on this machine and tell what each could do at the level in force."""
    from competition.evaluation.hostile.selftest import run
    from competition.evaluation.sandbox.levels import choose

    level = choose(isolation)
    reports = []
    with err.status(f"attacking at level {level}") as status:
        for report in run(level, names=attacks or ()):
            reports.append(report)
            status.update(f"{len(reports)} attacks at level {level}, last: {report.attack.name}")
    if as_json:
        print_json({"isolation": level, "attacks": [_as_json(report) for report in reports]})
    else:
        print_attacks(reports, level, out)
    if not all(report.as_expected for report in reports):
        raise typer.Exit(1)


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "attack": report.attack.name,
        "group": report.attack.group,
        "what": report.what,
        "expected": list(report.expected),
        "seen": report.seen,
        "as_expected": report.as_expected,
        "detail": report.detail,
        "seconds": round(report.seconds, 3),
    }


def cache(prune: Prune = None, as_json: Json = False) -> None:
    """Show what earlier runs have left to be used again, how often it was, and remove what was not."""
    from competition.evaluation import environments
    from competition.evaluation.cache import TrialCache

    repository = this_repository()
    if prune is not None and not 0 <= prune <= MAX_DAYS:
        raise PodiumError(f"--prune: found {prune:g}; allowed: a number of days, 0 to {MAX_DAYS:,}")
    trials = TrialCache(repository.cache, only_shown=prune is None)
    if prune is not None:
        gone = trials.prune(prune, everything=prune == 0)
        left = environments.prune(repository.environments, timedelta(days=prune))
        err.print(f"removed {gone.entries:,} trials, {gone.bytes / 1e6:,.1f} MB", highlight=False)
        size = sum(one.size_bytes for one in left)
        err.print(f"removed {len(left):,} environments, {size / 1e6:,.1f} MB", highlight=False)
    kept, made = trials.size(), environments.stored_environments(repository.environments)
    runs = trials.runs()
    content: dict[str, Any] = {
        "trials": {"entries": kept.entries, "bytes": kept.bytes},
        "environments": {"entries": len(made), "bytes": sum(one.size_bytes for one in made)},
        "runs": [run.model_dump(mode="json") for run in runs],
    }
    if as_json:
        print_json(content)
        return
    for name in ("trials", "environments"):
        size = content[name]
        out.print(f"{name + ':':<14} {size['entries']:,}, {size['bytes'] / 1e6:,.1f} MB", highlight=False)
    if runs:
        table = _table("run", "competition", "trials", "from the cache")
        for run in runs:
            total = run.hits + run.misses
            table.add_row(f"{run.time:%Y-%m-%d %H:%M}", run.competition, f"{total:,}", f"{run.hits:,}")
        out.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table
