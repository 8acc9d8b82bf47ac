"""A recorded audit, ``leaderboard/SLUG/audit.json``: what was found of which data, and no cell of it.

It holds rows by id or number alone, since the data of some competitions may not be published. It has no times, and no
more digits than a reader sees, so that the same data give the same bytes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from competition.audit.findings import SEVERITIES, Finding, Report, Severity, Strength
from competition.errors import PodiumError
from competition.manifest import Manifest
from competition.repository import Repository, write_text

FORMAT = 1
DIGITS = 4
Key = tuple[str, tuple[str, ...]]  # the check that found something, and where


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordedStrength(_Part):
    """As `competition.audit.findings.Strength`."""

    metric: str
    score: float
    baseline: float
    roc_auc: float | None


class RecordedFinding(_Part):
    """As `competition.audit.findings.Finding`."""

    check: str
    severity: Severity
    what: str
    where: tuple[str, ...]
    mend: str
    strength: RecordedStrength | None
    reference: RecordedStrength | None
    p_value: float | None
    rows: tuple[str, ...]


class RecordedRows(_Part):
    """How many were looked at, by part."""

    train: int
    test: int


class RecordedCheck(_Part):
    """A check that was made, or why it was skipped."""

    check: str
    looks_for: str
    skipped: str | None


class AuditRecord(_Part):
    """An audit as it is recorded.

    Parameters
    ----------
    data, split : str
        Fingerprints of the prepared tables, and of the held-out rows and folds, as the manifest of the data has them.
    findings : tuple of RecordedFinding
        The gravest first, within a severity the strongest first.
    """

    format: Literal[1]
    competition: str
    task: str
    data: str
    split: str
    rows: RecordedRows
    columns: int
    notes: tuple[str, ...]
    findings: tuple[RecordedFinding, ...]
    checks: tuple[RecordedCheck, ...]

    @property
    def counts(self) -> dict[Severity, int]:
        """Findings of each severity, the gravest first."""
        return {severity: sum(one.severity == severity for one in self.findings) for severity in SEVERITIES}


@dataclass(frozen=True)
class Comparison:
    """The severe findings of an audit beside those recorded.

    Parameters
    ----------
    new, gone : tuple of Key
        Found and not recorded; recorded and not found.
    """

    new: tuple[Key, ...]
    gone: tuple[Key, ...]
    n_known: int


def record_of(report: Report, manifest: Manifest) -> AuditRecord:
    """Take from a report of a competition what is recorded of it."""
    findings = sorted(map(_finding, report.findings), key=_gravest_first)
    return AuditRecord(
        format=FORMAT,
        competition=report.name,
        task=report.task,
        data=manifest.data,
        split=manifest.split,
        rows=RecordedRows(train=report.n_train, test=report.n_test),
        columns=report.n_columns,
        notes=report.notes,
        findings=tuple(findings),
        checks=tuple(
            RecordedCheck(check=one.check, looks_for=one.looks_for, skipped=one.skipped) for one in report.outcomes
        ),
    )


def _finding(one: Finding) -> RecordedFinding:
    return RecordedFinding(
        check=one.check,
        severity=one.severity,
        what=one.what,
        where=one.where,
        mend=one.mend,
        strength=_strength(one.strength),
        reference=_strength(one.reference),
        p_value=None if one.p_value is None else float(f"{one.p_value:.1e}"),
        rows=one.rows,
    )


def _strength(one: Strength | None) -> RecordedStrength | None:
    if one is None:
        return None
    return RecordedStrength(
        metric=one.metric,
        score=round(one.score, DIGITS),
        baseline=round(one.baseline, DIGITS),
        roc_auc=None if one.roc_auc is None else round(one.roc_auc, DIGITS),
    )


def _gravest_first(one: RecordedFinding) -> tuple[int, float, str, tuple[str, ...]]:
    """Order findings by what is recorded of them, so that digits beyond it have no say."""
    skill = Strength(**one.strength.model_dump()).skill if one.strength else 0.0
    return SEVERITIES.index(one.severity), -skill, one.check, one.where


# --- the file ---


def record_path(repository: Repository, slug: str) -> Path:
    """Where a competition's audit is recorded."""
    return repository.leaderboard(slug) / "audit.json"


def write_record(repository: Repository, record: AuditRecord) -> Path:
    """Write ``leaderboard/SLUG/audit.json`` whole or not at all."""
    path = record_path(repository, record.competition)
    write_text(path, json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")
    return path


def read_record(repository: Repository, slug: str) -> AuditRecord | None:
    """Read what is recorded, None where nothing is.

    Raises
    ------
    PodiumError
        If the file is damaged, of another format, or another competition's.
    """
    path = record_path(repository, slug)
    try:
        record = AuditRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        record = None
    if record is None or record.competition != slug:
        raise PodiumError(
            f"{repository.relative(path)} is no audit of '{slug}' in format {FORMAT}",
            f"run `podium audit {slug} --record`",
        )
    return record


# --- beside the data as they are ---


def is_outdated(record: AuditRecord, data: str | None, split: str | None) -> bool:
    """Whether a record was made from other data or another split than these, as far as their fingerprints are known."""
    known = [(data, record.data), (split, record.split)]
    return any(now is not None and now != then for now, then in known)


def compare(report: Report, record: AuditRecord | None) -> Comparison:
    """Compare the severe findings of a report with those recorded; without a record none is known."""
    found = {(one.check, one.where) for one in report.severe}
    recorded = record.findings if record else ()
    known = {(one.check, one.where) for one in recorded if one.severity == "severe"}
    return Comparison(tuple(sorted(found - known)), tuple(sorted(known - found)), len(found & known))
