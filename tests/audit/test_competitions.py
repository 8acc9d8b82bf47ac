"""Audits of prepared competitions, and of Kaggle's files where they are at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.audit import audit, audited_competition
from competition.dataset import prepare, read_prepared
from competition.definition import read_competition
from competition.repository import Repository

HERE = Repository.find(Path(__file__))


def prepared_here(slug):
    if not (HERE.prepared(slug) / "manifest.json").is_file():
        pytest.skip(f"{slug} is not prepared here")
    return read_prepared(HERE, read_competition(HERE.data(slug) / "competition.toml"))


@pytest.mark.slow
def test_the_leaks_of_kaggles_files_are_found():
    report = audit(audited_competition(prepared_here("lte-anomaly")))
    assert {one.check for one in report.severe} == {"lattices", "regular_groups"}
    assert len(report.severe) == 5
    strongest = max(report.severe, key=lambda one: one.strength.score)
    assert strongest.where == ("PRBUsageDL",)
    assert strongest.strength.score > 0.99
    assert "multiples of 0.10105" in strongest.what
    assert "multiples of 0.0995" in strongest.what


@pytest.mark.slow
def test_nothing_is_severe_in_the_built_in_competition():
    assert audit(audited_competition(prepared_here("cellular-anomaly"))).severe == []


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_prepared_competition_is_audited(tmp_path, new_competition, task):
    repository, definition = new_competition(tmp_path, task)
    prepare(repository, definition)
    table = audited_competition(read_prepared(repository, definition))
    report = audit(table)
    assert (table.n, table.n_test) == (108, 36)
    assert table.own_folds
    # Targets there follow from one column.
    assert any("x" in one.where for one in report.findings)


def test_a_split_by_groups_that_parts_one_is_severe(tmp_path, new_competition, make_table):
    repository, definition = new_competition(
        tmp_path, split={"strategy": "group"}, table=make_table().assign(cell=np.arange(144) // 12)
    )
    prepare(repository, definition)
    table = audited_competition(read_prepared(repository, definition))
    entities = next(one for one in audit(table).outcomes if one.check == "entities")
    assert entities.findings == ()
    crossing = tuple(
        type(one)(one.name, one.kind, pd.Series(["a"] * 144), np.zeros(144)) if one.name == "cell" else one
        for one in table.columns
    )
    parted = type(table)(**{**{name: getattr(table, name) for name in table.__dataclass_fields__}, "columns": crossing})
    entities = next(one for one in audit(parted).outcomes if one.check == "entities")
    assert [one.severity for one in entities.findings] == ["severe"]
