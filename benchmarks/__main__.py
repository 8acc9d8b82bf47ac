"""Measure everything that the harness promises of its speed, in one run.

Usage: ``python -m benchmarks [PART] [--rounds N] [--slug SLUG]``, with a part of `PARTS`, or all.
It always ends with exit code 0: what it prints is a measurement, not a test.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import audit, board, cached, coverage, fresh, grading, memory, overhead, ranking, report, threads
from competition.errors import PodiumError
from competition.evaluation.sandbox.levels import LEVELS, choose, probe
from competition.repository import Repository

PARTS = ("board", "overhead", "cached", "memory", "threads", "ranking", "coverage", "fresh", "grading", "audit")


def main() -> None:
    """Take the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is timed")
    parser.add_argument("--slug", help="the competition of `board`, `cached` and `memory`")
    parser.add_argument("--repository", type=Path, help="where the data is prepared; this checkout if not given")
    parser.add_argument("--isolation", choices=LEVELS, help="the level measured; the strongest if not given")
    parser.add_argument("--every-level", action="store_true", help="time `board` at the weaker levels too")
    parser.add_argument("--labels-only", action="store_true", help="`board`: plain sides predict no probabilities")
    parser.add_argument("--json", action="store_true", help="print JSON for a program, and the rounds to stderr")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: allowed: 1 or more")
    try:
        levels = _levels(choose(arguments.isolation), arguments.every_level)
    except PodiumError as error:
        parser.error(str(error))
    say = partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    facts = report.machine()
    for name, value in facts.items():
        say(f"{name + ':':<13} {value}")
    parts = []
    for name in PARTS if arguments.part == "all" else [arguments.part]:
        say()
        with tempfile.TemporaryDirectory(prefix="podium-bench-") as folder:
            try:
                parts.append(_measure(name, arguments, levels, Path(folder), say))
            except (report.MeasurementError, PodiumError, subprocess.CalledProcessError) as error:
                say(f"{name}: not measured: {error}")
                continue
        say(report.as_text(parts[-1]))
    if arguments.json:
        print(json.dumps(report.as_json(facts, parts), indent=1, ensure_ascii=False))


def _levels(first: str, every: bool) -> list[str]:
    weaker = LEVELS[LEVELS.index(first) + 1 :] if every else ()
    return [first, *(level for level in weaker if probe(level).holds)]


def _measure(
    name: str, arguments: argparse.Namespace, levels: list[str], scratch: Path, say: Callable[[str], None]
) -> report.Part:
    repository = Repository.find(arguments.repository or Path(__file__))
    match name:
        case "board":
            return board.measure(
                repository, arguments.slug, arguments.rounds, levels, arguments.labels_only, scratch, say
            )
        case "overhead":
            return overhead.measure(arguments.rounds, levels[0], scratch, say)
        case "cached":
            return cached.measure(repository, arguments.slug, arguments.rounds, levels[0], scratch, say)
        case "memory":
            return memory.measure(repository, arguments.slug, levels[0], scratch, say)
        case "ranking":
            return ranking.measure(arguments.rounds, say)
        case "coverage":
            return coverage.measure(say)
        case "audit":
            return audit.measure(repository, scratch, say)
        case "fresh":
            return fresh.measure(say)
        case "grading":
            return grading.measure(arguments.rounds, scratch, say)
        case _:
            return threads.measure(arguments.rounds, levels[0], scratch, say)


if __name__ == "__main__":
    main()
