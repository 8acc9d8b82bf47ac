"""Tables for audits, written as files and read as a user's are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from competition.audit import Finding, Named, audited_files
from competition.audit.registry import CHECKS
from competition.audit.table import Audited


@pytest.fixture(scope="session")
def table_of(tmp_path_factory) -> Callable[..., Audited]:
    """Audit what a CSV file of these rows holds; keywords name columns."""
    folder = tmp_path_factory.mktemp("audited")

    def make(train: pd.DataFrame, test: pd.DataFrame | None = None, target: str = "y", **roles: Any) -> Audited:
        files: list[Path | None] = [folder / "train.csv", None if test is None else folder / "test.csv"]
        for frame, file in zip((train, test), files, strict=True):
            if frame is not None:
                frame.to_csv(file, index=False)
        return audited_files(files[0], files[1], Named(target, **roles))

    return make


@pytest.fixture(scope="session")
def found_by() -> Callable[[str, Audited], list[Finding]]:
    """What one check finds, beside notes."""

    def find(check: str, table: Audited) -> list[Finding]:
        function = next(one for one in CHECKS if one.__name__ == check)
        return [one for one in function(table) if one.severity != "note"]

    return find
