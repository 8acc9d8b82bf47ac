"""What the site shows of a recorded audit: its findings, and how far each reaches alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from competition.audit.findings import SEVERITIES, Severity
from competition.audit.record import AuditRecord, RecordedCheck, RecordedFinding, RecordedStrength, is_outdated
from competition.board.site.figures import BAR_WIDTH
from competition.board.table import Leaderboard

SHOWN_COLUMNS = 8
METRICS = {"f1": "F1", "f1 (macro)": "F1, mean of classes", "r2": "R²"}


@dataclass(frozen=True)
class Verdict:
    """What an audit came to, in a few words, for the pages that lead to it.

    Parameters
    ----------
    worst : {"severe", "warning", "note", "clean"}
        The worst severity.
    text : str
        How many findings have it.
    is_outdated : bool
        Whether the data have changed since.
    """

    worst: str
    text: str
    is_outdated: bool


@dataclass(frozen=True)
class Reach:
    """A score as a bar from 0 to 1.

    Parameters
    ----------
    kind : {"alone", "without", "nothing"}
        Whose score it is.
    width : float
        Of the bar, at most `BAR_WIDTH` pixels.
    """

    kind: str
    label: str
    score: float
    roc_auc: float | None
    width: float


@dataclass(frozen=True)
class FindingPart:
    """A finding, and what it reaches beside what is reached without it.

    Parameters
    ----------
    id : str
        Of its part of the page.
    """

    finding: RecordedFinding
    id: str
    metric: str
    reaches: tuple[Reach, ...]
    where: str


@dataclass(frozen=True)
class AuditPage:
    """Everything on the page of an audit."""

    record: AuditRecord
    verdict: Verdict
    counts: str
    findings: tuple[FindingPart, ...]
    clean: tuple[RecordedCheck, ...]
    skipped: tuple[RecordedCheck, ...]


def audit_page(record: AuditRecord, board: Leaderboard, data: tuple[str, str] | None = None) -> AuditPage:
    """Return what the page of an audit shows.

    Parameters
    ----------
    board : Leaderboard
        Of the competition; its results tell which data they were made on.
    data : (str, str), optional
        Fingerprints of the prepared data and their split, where they are here.
    """
    made = next((row.result.provenance for row in board.rows), None)
    now = data or ((made.data, made.split) if made else (None, None))
    found = {one.check for one in record.findings}
    return AuditPage(
        record=record,
        verdict=_verdict(record, is_outdated(record, *now)),
        counts=", ".join(_counted(severity, n) for severity, n in record.counts.items() if n) or "nothing found",
        findings=tuple(_part(one, number) for number, one in enumerate(record.findings, 1)),
        clean=tuple(one for one in record.checks if not one.skipped and one.check not in found),
        skipped=tuple(one for one in record.checks if one.skipped),
    )


def _verdict(record: AuditRecord, outdated: bool) -> Verdict:
    worst = next((severity for severity in SEVERITIES if record.counts[severity]), None)
    if worst is None:
        return Verdict("clean", "nothing found", outdated)
    return Verdict(worst, _counted(worst, record.counts[worst]), outdated)


def _counted(severity: Severity, n: int) -> str:
    return f"{n} {severity}{'s' if n > 1 and severity != 'severe' else ''}"


def _part(finding: RecordedFinding, number: int) -> FindingPart:
    alone = finding.strength
    return FindingPart(
        finding=finding,
        id=f"finding-{number}",
        metric=METRICS.get(alone.metric, alone.metric) if alone else "",
        reaches=_reaches(alone, finding.reference) if alone else (),
        where=_listed(finding.where),
    )


def _reaches(alone: RecordedStrength, reference: RecordedStrength | None) -> tuple[Reach, ...]:
    made = [_reach("alone", "this alone", alone.score, alone.roc_auc)]
    if reference is not None:
        made.append(_reach("without", "the same model without it", reference.score, reference.roc_auc))
    made.append(_reach("nothing", "knowing nothing", alone.baseline, None))
    return tuple(made)


def _reach(kind: str, label: str, score: float, roc_auc: float | None) -> Reach:
    return Reach(kind, label, score, roc_auc, round(BAR_WIDTH * min(1.0, max(0.0, score)), 1))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_COLUMNS} more" if names[SHOWN_COLUMNS:] else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more
