"""Take the measurements, keep their numbers in claims/claims.json, and write the tables.

Usage: ``python -m claims [CLAIM...]`` with claims of `CLAIMS`, or all. What was taken at the same commit already is not
taken again, so that an interrupted run goes on; ``--fresh`` takes everything. ``--check`` only compares the tables with
the numbers on record, and ends with exit code 1 where one is another.
"""

import argparse
import sys
import time
from collections.abc import Collection
from pathlib import Path

from claims import record, table
from claims.evaluated import UnavailableError
from claims.measurements import CLAIMS, MEASUREMENTS, Measurement
from competition.errors import PodiumError
from competition.repository import Repository

WRITTEN = (record.FILE, *table.DOCUMENTS)


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m claims", description=__doc__)
    parser.add_argument("claim", nargs="*", help=f"of {', '.join(CLAIMS)}; all if none is named")
    parser.add_argument("--fresh", action="store_true", help="take again what was taken at this commit already")
    parser.add_argument("--check", action="store_true", help="compare the tables with the numbers on record")
    arguments = parser.parse_args()
    unknown = set(arguments.claim) - set(CLAIMS)
    if unknown:
        parser.error(f"claim: found {', '.join(sorted(unknown))}; allowed: {', '.join(CLAIMS)}")
    repository = Repository.find(Path(__file__))
    if arguments.check:
        sys.exit(check(repository.root))
    try:
        measure(repository, arguments.claim or CLAIMS, fresh=arguments.fresh)
    except PodiumError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def measure(repository: Repository, claims: Collection[str], *, fresh: bool = False) -> None:
    """Take the measurements of these claims; those that cannot be taken here keep their numbers, with the reason."""
    root = repository.root
    for name, measurement in MEASUREMENTS.items():
        if measurement.claim not in claims:
            continue
        commit = record.commit_of(root, but=WRITTEN)
        if not fresh and record.stands(record.read(root).get(name), commit):
            print(f"{name}: taken at {commit} already; --fresh takes it again", flush=True)
        else:
            record.write(root, record.read(root) | {name: outcome_of(repository, name, measurement, commit)})
        table.update(root, record.read(root))


def outcome_of(repository: Repository, name: str, measurement: Measurement, commit: str) -> record.Outcome:
    """Take a measurement, or return the outcome on record with the reason why it could not be taken again; say so.

    Parameters
    ----------
    commit : str
        What the files are before it is taken; where they are another one's afterwards, they count as changed.
    """
    started = time.monotonic()
    try:
        numbers = measurement.take(repository)
    except UnavailableError as error:
        never = record.Outcome(competition=measurement.competition, command=measurement.command)
        kept = record.read(repository.root).get(name, never)
        stays = f"the numbers of {kept.made_on} stay" if kept.numbers else "there are no numbers yet"
        print(f"{name}: {error}, {stays}{f' ({error.detail})' if error.detail else ''}", flush=True)
        return kept.model_copy(update={"not_again": str(error)})
    shown = ", ".join(f"{key} {value:.4f}" for key, value in numbers.items())
    print(f"{name}: {shown} ({time.monotonic() - started:.0f} s)", flush=True)
    is_another = record.commit_of(repository.root, but=WRITTEN) != commit
    made_at = f"{commit}-dirty" if is_another and not commit.endswith("-dirty") else commit
    return record.taken(measurement.competition, measurement.command, numbers, made_at)


def check(root: Path) -> int:
    """Return 1, and tell which, where a table is not what the numbers on record render."""
    others = table.stale(root, record.read(root))
    for name in others:
        print(f"{name}: its table of claims is not that of {record.FILE}; `nox -s claims` writes it", file=sys.stderr)
    return int(bool(others))


if __name__ == "__main__":
    main()
