"""What an audit says: findings, what was skipped and why, and the whole report."""

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["severe", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("severe", "warning", "note")
SHOWN_ROWS = 6


class Skip(Exception):  # noqa: N818 it is no error
    """Raised by a check that cannot say anything of a table; its text says why."""


@dataclass(frozen=True)
class Strength:
    """What something reaches alone, out of fold.

    Parameters
    ----------
    metric : str
        ``f1`` (binary), ``f1 (macro)`` or ``r2``.
    score : float
        On rows that were not fitted on.
    baseline : float
        The same metric without any knowledge: always answering the positive class, the most frequent one, the mean.
    roc_auc : float or None
        For classes; the mean over classes where there are several.
    """

    metric: str
    score: float
    baseline: float
    roc_auc: float | None = None

    @property
    def skill(self) -> float:
        """0 for no knowledge, 1 for all: the Gini coefficient ``2 AUC - 1`` for classes, R² for numbers."""
        return max(0.0, self.score if self.roc_auc is None else 2 * self.roc_auc - 1)


@dataclass(frozen=True)
class Finding:
    """One thing that gives labels away, or may.

    Parameters
    ----------
    check : str
        The check that found it.
    severity : {"severe", "warning", "note"}
        As ``docs/audit.md`` defines them.
    what : str
        One sentence.
    where : tuple of str
        Columns, or parts of the data.
    mend : str
        What to do about it.
    strength : Strength or None
        What it reaches alone, out of fold.
    reference : Strength or None
        What the same model reaches without it.
    p_value : float or None
        Corrected for all tests of the check.
    rows : tuple of str
        Some rows that show it, by id or by their number in the file.
    """

    check: str
    severity: Severity
    what: str
    where: tuple[str, ...]
    mend: str
    strength: Strength | None = None
    reference: Strength | None = None
    p_value: float | None = None
    rows: tuple[str, ...] = ()

    @property
    def skill(self) -> float:
        """Skill of what it reaches alone, 0 where nothing was fitted."""
        return self.strength.skill if self.strength else 0.0


@dataclass(frozen=True)
class Outcome:
    """What one check came to: findings, or why it was skipped."""

    check: str
    looks_for: str
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Report:
    """An audit.

    Parameters
    ----------
    notes : tuple of str
        How the data was read: rows drawn, lines left out, columns of mixed types.
    """

    name: str
    task: str
    n_train: int
    n_test: int
    n_columns: int
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> list[Finding]:
        """All findings, the gravest first, within a severity the strongest first."""
        found = [finding for outcome in self.outcomes for finding in outcome.findings]
        return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.skill))

    @property
    def severe(self) -> list[Finding]:
        """The severe ones."""
        return [finding for finding in self.findings if finding.severity == "severe"]


def as_json(report: Report) -> dict[str, Any]:
    """Return a report for a program: counts, findings, and what every check came to."""
    found = report.findings
    return {
        "audited": report.name,
        "task": report.task,
        "rows": {"train": report.n_train, "test": report.n_test},
        "columns": report.n_columns,
        "notes": list(report.notes),
        "counts": {severity: sum(one.severity == severity for one in found) for severity in SEVERITIES},
        "findings": [_finding(one) for one in found],
        "checks": [
            {
                "check": one.check,
                "looks_for": one.looks_for,
                "status": "skipped" if one.skipped else "found" if one.findings else "clean",
                "skipped": one.skipped,
                "seconds": round(one.seconds, 3),
            }
            for one in report.outcomes
        ],
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "check": one.check,
        "severity": one.severity,
        "what": one.what,
        "where": list(one.where),
        "strength": _strength(one.strength),
        "reference": _strength(one.reference),
        "p_value": one.p_value,
        "rows": list(one.rows),
        "mend": one.mend,
    }


def _strength(strength: Strength | None) -> dict[str, Any] | None:
    if strength is None:
        return None
    auc = None if strength.roc_auc is None else round(strength.roc_auc, 6)
    return {
        "metric": strength.metric,
        "score": round(strength.score, 6),
        "baseline": round(strength.baseline, 6),
        "roc_auc": auc,
        "skill": round(strength.skill, 6),
    }
