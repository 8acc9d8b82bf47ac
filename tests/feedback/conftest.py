"""A small sealed competition: 720 rows, so that the public half has enough bins of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from competition.dataset import Prepared, prepare, read_prepared
from competition.definition import Competition
from competition.feedback.desk import Desk
from competition.repository import Repository
from competition.vault import Vault, require_vault

SEALED: dict[str, Any] = {"answers": {"key": "sealed"}, "feedback": {}}


@dataclass(frozen=True)
class SealedCompetition:
    """A sealed competition that is prepared, and all that its organiser has."""

    repository: Repository
    definition: Competition
    keys: Path

    @property
    def vault(self) -> Vault:
        return require_vault(self.repository, self.definition.slug, self.keys)

    @property
    def prepared(self) -> Prepared:
        return read_prepared(self.repository, self.definition)

    def desk(self) -> Desk:
        return Desk.open(self.repository, self.prepared, self.vault)


@pytest.fixture
def sealed(
    tmp_path: Path, new_competition: Callable[..., Any], make_table: Callable[..., pd.DataFrame]
) -> Callable[..., SealedCompetition]:
    """Make and prepare a sealed competition; the raw files go out of the repository."""

    def make(task: str = "binary", table: pd.DataFrame | None = None, **changes: Any) -> SealedCompetition:
        table = make_table(task, 720) if table is None else table
        rules = {name: change for name, change in (SEALED | changes).items() if change is not None}
        repository, definition = new_competition(tmp_path / "repository", task, table=table, **rules)
        keys = tmp_path / "keys"
        (keys / definition.slug).mkdir(parents=True)
        (repository.data(definition.slug) / "raw").rename(keys / definition.slug / "raw")
        prepare(repository, definition, keys=keys)
        return SealedCompetition(repository, definition, keys)

    return make
