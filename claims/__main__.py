"""Take the measurements, keep their numbers in claims/claims.json, and write the tables.

Usage: ``python -m claims [CLAIM...]`` with claims of `CLAIMS`, or all; ``--check`` only compares the tables with the
numbers on record, and ends with exit code 1 where one is another.
"""

import argparse
import sys
import time
from collections.abc import Collection
from pathlib import Path

from claims import record, table
from claims.evaluated import UnavailableError
from claims.measurements import CLAIMS, MEASUREMENTS, Measurement
from competition.repository import Repository


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m claims", description=__doc__)
    parser.add_argument("claim", nargs="*", help=f"of {', '.join(CLAIMS)}; all if none is named")
    parser.add_argument("--check", action="store_true", help="compare the tables with the numbers on record")
    arguments = parser.parse_args()
    unknown = set(arguments.claim) - set(CLAIMS)
    if unknown:
        parser.error(f"claim: found {', '.join(sorted(unknown))}; allowed: {', '.join(CLAIMS)}")
    repository = Repository.find(Path(__file__))
    if arguments.check:
        sys.exit(check(repository.root))
    measure(repository, arguments.claim or CLAIMS)


def measure(repository: Repository, claims: Collection[str]) -> None:
    """Take the measurements of these claims; those that cannot be taken here keep their numbers, with the reason."""
    for name, measurement in MEASUREMENTS.items():
        if measurement.claim not in claims:
            continue
        started = time.monotonic()
        outcome = outcome_of(repository, name, measurement)
        record.write(repository.root, record.read(repository.root) | {name: outcome})
        told = outcome.not_again or ", ".join(f"{key} {value:.4f}" for key, value in outcome.numbers.items())
        print(f"{name}: {told} ({time.monotonic() - started:.0f} s)", flush=True)
    table.update(repository.root, record.read(repository.root))


def outcome_of(repository: Repository, name: str, measurement: Measurement) -> record.Outcome:
    """Take a measurement, or return the outcome on record with the reason why it could not be taken again."""
    try:
        numbers = measurement.take(repository)
    except UnavailableError as error:
        kept = record.read(repository.root).get(name)
        never = record.Outcome(competition=measurement.competition, command=measurement.command)
        return (kept or never).model_copy(update={"not_again": str(error)})
    return record.taken(repository.root, measurement.competition, measurement.command, numbers)


def check(root: Path) -> int:
    """Return 1, and tell which, where a table is not what the numbers on record render."""
    others = table.stale(root, record.read(root))
    for name in others:
        print(f"{name}: its table of claims is not that of {record.FILE}; `nox -s claims` writes it", file=sys.stderr)
    return int(bool(others))


if __name__ == "__main__":
    main()
