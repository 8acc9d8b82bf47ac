"""An audit in a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from competition.audit.findings import SEVERITIES, Finding, Report, Severity, Strength
from competition.text import clean

STYLES: dict[Severity, str] = {"severe": "bold red", "warning": "yellow", "note": "dim"}


def render(report: Report) -> RenderableType:
    """Return what was found, the gravest first, and what every check came to."""
    parts: list[RenderableType] = [Text(_headline(report), style="bold")]
    parts += [Text(f"note: {clean(note)}", style="dim") for note in report.notes]
    for finding in report.findings:
        parts += [Text(""), _finding(finding)]
    parts += [Text(""), *_checks(report), Text(_verdict(report), style="bold")]
    return Group(*parts)


def _headline(report: Report) -> str:
    counts = {"column": report.n_columns, "train row": report.n_train, "test row": report.n_test}
    told = ", ".join(f"{f'{count:,}' if count else 'no'} {name}{'s' * (count != 1)}" for name, count in counts.items())
    return f"Audit of {clean(report.name)}: {report.task}, {told}"


def _finding(finding: Finding) -> RenderableType:
    head = Text.assemble((finding.severity, STYLES[finding.severity]), f"  {finding.check}: {clean(finding.what)}")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, told in (
        ("where", _where(finding)),
        ("alone", _told(finding.strength)),
        ("without", _told(finding.reference)),
        ("p-value", "" if finding.p_value is None else f"{finding.p_value:.1e}" if finding.p_value else "below 1e-300"),
        ("rows", ", ".join(finding.rows)),
        ("mend", finding.mend),
    ):
        if told:
            table.add_row(name, Text(clean(told)))
    return Group(head, table)


def _where(finding: Finding) -> str:
    more = f" and {len(finding.where) - 8} more" if finding.where[8:] else ""
    return ", ".join(finding.where[:8]) + more


def _told(strength: Strength | None) -> str:
    if strength is None:
        return ""
    area = "" if strength.roc_auc is None else f", ROC AUC {strength.roc_auc:.4f}"
    return (
        f"{strength.metric.upper()} {strength.score:.4f} out of fold (knowing nothing: {strength.baseline:.4f}){area}"
    )


def _checks(report: Report) -> list[Text]:
    clean_ones = [one.check for one in report.outcomes if not one.findings and not one.skipped]
    lines = [Text(f"found nothing: {', '.join(clean_ones)}", style="dim")] if clean_ones else []
    return lines + [
        Text(f"skipped: {one.check}: {clean(one.skipped)}", style="dim") for one in report.outcomes if one.skipped
    ]


def _verdict(report: Report) -> str:
    counts = [sum(one.severity == severity for one in report.findings) for severity in SEVERITIES]
    names = ("severe", "warning" if counts[1] == 1 else "warnings", "note" if counts[2] == 1 else "notes")
    seconds = sum(one.seconds for one in report.outcomes)
    told = ", ".join(f"{count} {name}" for count, name in zip(counts, names, strict=True))
    return f"{clean(report.name)}: {told}; {len(report.outcomes)} checks in {seconds:.1f} s"
