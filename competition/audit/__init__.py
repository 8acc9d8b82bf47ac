"""Data -> leak findings: what gives labels away without any understanding of the task.

`audited_files` or `audited_competition` make the table, `audit` runs every check, `as_json` and
`competition.audit.terminal.render` show the report.
What each check looks for, and when a finding is severe, is told in ``docs/audit.md``.
"""

from competition.audit.findings import Finding, Outcome, Report, Strength, as_json
from competition.audit.registry import audit
from competition.audit.sources import Named, audited_competition, audited_files

__all__ = [
    "Finding",
    "Named",
    "Outcome",
    "Report",
    "Strength",
    "as_json",
    "audit",
    "audited_competition",
    "audited_files",
]
