"""What a measurement came to: numbers with the command that makes them, kept in `claims/claims.json`."""

import datetime
import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from competition.repository import write_text

FILE = "claims/claims.json"
UNKNOWN = "unknown"


class Outcome(BaseModel):
    """One measurement.

    Parameters
    ----------
    competition : str
        Whose data it was taken on.
    command : str
        What makes the numbers.
    numbers : dict
        Scores and shares between 0 and 1, by name; empty where the measurement was never taken.
    made_on, commit : str
        Day and commit of the repository; empty where it was never taken.
    not_again : str
        Why the last run kept the numbers of an earlier one; empty where it took them itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    competition: str
    command: str
    numbers: dict[str, float] = {}
    made_on: str = ""
    commit: str = ""
    not_again: str = ""


Outcomes = Mapping[str, Outcome]
_OUTCOMES = TypeAdapter(dict[str, Outcome])


def read(root: Path) -> dict[str, Outcome]:
    """Read the outcomes by name; none where the file does not exist yet."""
    file = root / FILE
    return _OUTCOMES.validate_json(file.read_bytes()) if file.exists() else {}


def write(root: Path, outcomes: Outcomes) -> None:
    """Write the outcomes, sorted by name, so that they diff well."""
    content = {name: outcomes[name].model_dump() for name in sorted(outcomes)}
    write_text(root / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def taken(competition: str, command: str, numbers: Mapping[str, float], commit: str) -> Outcome:
    """Return the outcome of a measurement taken today, numbers rounded to five decimals."""
    return Outcome(
        competition=competition,
        command=command,
        numbers={name: round(float(value), 5) for name, value in numbers.items()},
        made_on=datetime.date.today().isoformat(),
        commit=commit,
    )


def commit_of(root: Path, but: Collection[str] = ()) -> str:
    """Return the commit of the files as they are, with ``-dirty`` where one of them is not in it.

    Parameters
    ----------
    but : collection of str
        Files that decide nothing: a run changes what it writes itself.
    """
    head = _git(root, "rev-parse", "--short", "HEAD")
    if not head:
        return UNKNOWN  # an unpacked archive has no history
    changed = _git(root, "status", "--porcelain", "--", ".", *(f":(exclude){name}" for name in but))
    return f"{head}-dirty" if changed else head


def stands(outcome: Outcome | None, commit: str) -> bool:
    """Whether an outcome was taken at this very commit, from nothing that is not in it."""
    if outcome is None or not outcome.numbers or outcome.not_again:
        return False
    return outcome.commit == commit != UNKNOWN and not commit.endswith("-dirty")


def _git(root: Path, *arguments: str) -> str:
    # Whoever works in the same checkout is not to wait for a lock
    command = ["git", "--no-optional-locks", *arguments]
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:  # git is not installed
        return ""
