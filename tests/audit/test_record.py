"""Recorded audits: the same bytes for the same data, nothing of the data's values, and what has changed since."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from competition.audit import Finding, Outcome, Report, Strength, audit
from competition.audit.record import compare, is_outdated, read_record, record_of, record_path, write_record
from competition.errors import PodiumError
from competition.repository import Repository

MANIFEST = SimpleNamespace(data="data-print", split="split-print")
ALONE = Strength("f1", 0.98765432, 0.4, 0.9912345)


def report_of(*findings, seconds=1.0):
    outcomes = [Outcome(one.check, "Something", (one,), seconds=seconds) for one in findings]
    skipped = Outcome("time_split", "Looking ahead", skipped="there is no column of dates", seconds=seconds)
    return Report("tiny", "binary", 100, 50, 3, (*outcomes, skipped), ("a note",))


def finding(check="lattices", severity="severe", where=("x",), **more):
    return Finding(check, severity, "It is so", where, "drop it", **more)


def test_times_and_further_digits_leave_no_trace(tmp_path):
    repository = Repository(tmp_path)
    one = finding(strength=ALONE, p_value=1.23456e-9, rows=("train row 3",))
    other = replace(one, strength=replace(ALONE, score=ALONE.score + 1e-7), p_value=1.21e-9)
    written = []
    for found, seconds in ((one, 1.0), (other, 2.0)):
        written.append(write_record(repository, record_of(report_of(found, seconds=seconds), MANIFEST)).read_bytes())
    assert written[0] == written[1]
    assert b"seconds" not in written[0]


def test_equally_strong_findings_have_an_order_of_their_own():
    weak = Strength("f1", 0.7, 0.4, 0.8)
    made = [
        finding(where=("b",), strength=ALONE),
        finding(where=("a",), strength=replace(ALONE, roc_auc=0.99123451)),
        finding(where=("c",), strength=weak),
        finding("folds", "note"),
    ]
    orders = [record_of(report_of(*some), MANIFEST).findings for some in (made, made[::-1])]
    assert orders[0] == orders[1]
    assert [one.where for one in orders[0]] == [("a",), ("b",), ("c",), ("x",)]


def test_what_is_written_is_read(tmp_path):
    repository = Repository(tmp_path)
    assert read_record(repository, "tiny") is None
    record = record_of(report_of(finding(strength=ALONE), finding("ids", "warning")), MANIFEST)
    write_record(repository, record)
    assert read_record(repository, "tiny") == record
    assert record.counts == {"severe": 1, "warning": 1, "note": 0}
    assert [one.skipped for one in record.checks] == [None, None, "there is no column of dates"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', "\xff", None])
def test_a_file_that_is_no_record_is_told_in_one_line(tmp_path, text):
    repository = Repository(tmp_path)
    path = write_record(repository, record_of(report_of(), MANIFEST))
    if text is None:  # another competition's
        path = path.rename(record_path(repository, "other").parent.mkdir() or record_path(repository, "other"))
    else:
        path.write_text(text)
    slug = path.parent.name
    with pytest.raises(PodiumError, match=f"no audit of '{slug}' in format 1; run `podium audit {slug} --record`"):
        read_record(repository, slug)


def test_a_record_that_lacks_a_number_is_none(tmp_path):
    repository = Repository(tmp_path)
    path = write_record(repository, record_of(report_of(), MANIFEST))
    content = json.loads(path.read_text())
    del content["rows"]["train"]
    path.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match="no audit of 'tiny'"):
        read_record(repository, "tiny")


def test_it_has_rows_by_number_and_no_value_of_them(table_of):
    generator = np.random.default_rng(5)
    train = pd.DataFrame(generator.normal(size=(150, 2)).round(6), columns=list("ab"))
    train["y"] = generator.integers(0, 2, 150)
    train["tells"] = np.where(train["y"] == 1, 7.123, 8.456) + generator.integers(0, 5, 150) / 10
    train["who"] = [f"Person {generator.integers(100_000, 999_999)}" for _ in range(150)]
    names = generator.choice(["Ada Lee", "Bob Wu", "Eve Ray"], 150)
    train["name"] = [name.upper() if y else name for name, y in zip(names, train["y"], strict=True)]
    report = audit(table_of(train, train.drop(columns="y").head(60)))
    assert report.severe
    text = record_of(report, MANIFEST).model_dump_json()
    assert "train row" in text
    assert "'the usual one', 'another one'" in text
    cells = {str(value) for column in train.columns.drop("y") for value in train[column]}
    assert [cell for cell in cells if cell in text] == []


def test_severe_findings_are_compared_by_check_and_place():
    record = record_of(report_of(finding(), finding("ids"), finding("folds", "warning")), MANIFEST)
    same = report_of(finding("ids", strength=ALONE), finding(), finding("row_order", "warning"))
    assert compare(same, record).n_known == 2
    assert compare(same, record).new == compare(same, record).gone == ()
    told = compare(report_of(finding(where=("z",)), finding("folds")), record)
    assert told.new == (("folds", ("x",)), ("lattices", ("z",)))
    assert told.gone == (("ids", ("x",)), ("lattices", ("x",)))
    assert compare(report_of(finding()), None).new == (("lattices", ("x",)),)
    assert compare(report_of(finding("ids", "warning")), None).new == ()


@pytest.mark.parametrize(
    ("data", "split", "outdated"),
    [("data-print", "split-print", False), ("x", "split-print", True), ("data-print", "x", True), (None, None, False)],
)
def test_a_record_of_other_data_is_outdated(data, split, outdated):
    assert is_outdated(record_of(report_of(), MANIFEST), data, split) is outdated
