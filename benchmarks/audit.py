"""How often the audit finds a planted leak, by its strength; how often it alarms on clean data; how long it takes."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.planted import KINDS, LEAKS, Drawn, clean, planted
from benchmarks.report import Figure, Part
from competition.audit import Named, Report, audit, audited_competition, audited_files
from competition.audit.findings import Finding, Skip
from competition.audit.registry import CHECKS
from competition.audit.table import Audited
from competition.dataset import read_prepared
from competition.definition import read_competition
from competition.repository import Repository

STRENGTHS = (0.1, 0.3, 1.0)
N_PLANTED = 20
N_CLEAN = 60
LIMIT = 5.0
TIME_LIMIT = 30.0
SIZES = ((1_000_000, 13), (1_000, 2_000))


def table_of(drawn: Drawn, folder: Path) -> Audited:
    """Write a drawn table as files, and read it as a user's."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn.train.to_csv(folder / "train.csv", index=False)
    drawn.test.to_csv(folder / "test.csv", index=False)
    return audited_files(folder / "train.csv", folder / "test.csv", Named("y", **drawn.roles))


def findings_of(check: str, table: Audited) -> list[Finding]:
    """What one check finds, none where it is skipped."""
    function = next(one for one in CHECKS if one.__name__ == check)
    try:
        return function(table)
    except Skip:
        return []


def measure(repository: Repository, scratch: Path, say: Callable[[str], None]) -> Part:
    """Plant each leak at each strength, audit clean tables of each kind, and the competitions that are prepared."""
    figures = []
    for leak in LEAKS:
        told = []
        for strength in STRENGTHS:
            found = [
                [one for one in findings_of(leak, table_of(planted(leak, strength, seed), scratch)) if _counts(one)]
                for seed in range(N_PLANTED)
            ]
            share = 100 * sum(map(bool, found)) / N_PLANTED
            severe = 100 * sum(any(one.severity == "severe" for one in of_one) for of_one in found) / N_PLANTED
            told.append(f"{strength:g}: {share:.0f} % ({severe:.0f} % severe)")
            figures.append(Figure(f"{leak} planted at {strength:g}: found", share, "%"))
            figures.append(Figure(f"{leak} planted at {strength:g}: severe", severe, "%"))
        say(f"{leak}: " + ", ".join(told))
    for kind in KINDS:
        alarms = [_alarms(audit(table_of(clean(kind, seed), scratch))) for seed in range(N_CLEAN)]
        share = 100 * sum(map(bool, alarms)) / N_CLEAN
        say(f"clean {kind}: {share:.1f} % with a warning or worse: {sorted({name for one in alarms for name in one})}")
        figures.append(Figure(f"clean {kind}: false alarms", share, "%", LIMIT))
    for slug in repository.slugs:
        figures += _of_competition(repository, slug, say)
    for n_rows, n_columns in SIZES:
        figures.append(_of_size(n_rows, n_columns, scratch))
    return Part(
        f"audit: {N_PLANTED} tables a leak and strength, {N_CLEAN} clean ones a kind",
        "1,500 rows, two thirds of them train. Found: a warning or worse by the check that is meant to. Strength: the "
        "share of the rows that a leak takes hold of. False alarm: a warning or worse by any of the checks. Processor "
        "time of the one process, reading included.",
        tuple(figures),
    )


def _counts(finding: Finding) -> bool:
    return finding.severity != "note"


def _alarms(report: Report) -> list[str]:
    return [one.check for one in report.findings if _counts(one)]


def _of_size(n_rows: int, n_columns: int, folder: Path) -> Figure:
    """Time the audit of a file of random numbers."""
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(generator.normal(size=(n_rows, n_columns)).round(4)).add_prefix("f")
    folder.mkdir(parents=True, exist_ok=True)
    rows.assign(y=generator.integers(0, 2, n_rows)).to_csv(folder / "train.csv", index=False)
    start = time.process_time()
    audit(audited_files(folder / "train.csv", None, Named("y")))
    seconds = time.process_time() - start
    return Figure(f"{n_rows:,} rows of {n_columns:,} columns: processor time", seconds, "s", TIME_LIMIT)


def _of_competition(repository: Repository, slug: str, say: Callable[[str], None]) -> list[Figure]:
    definition = read_competition(repository.data(slug) / "competition.toml")
    if not (repository.prepared(slug) / "manifest.json").is_file():
        say(f"{slug}: not prepared")
        return []
    start = time.process_time()
    report = audit(audited_competition(read_prepared(repository, definition)))
    seconds = time.process_time() - start
    for one in report.findings:
        reached = f", alone {one.strength.metric} {one.strength.score:.4f}" if one.strength else ""
        say(f"{slug}: {one.severity}: {one.check}: {', '.join(one.where[:4])}{reached}")
    return [
        Figure(f"{slug}: severe findings", len(report.severe), ""),
        Figure(f"{slug}: processor time", seconds, "s", TIME_LIMIT),
    ]
