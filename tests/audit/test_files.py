"""Bad input: a finding, a clear line or a stated skip; never a traceback, never a silent pass."""

import numpy as np
import pandas as pd
import pytest

from competition.audit import Named, audit, audited_files
from competition.audit.findings import as_json
from competition.errors import PodiumError

N = 200


@pytest.fixture
def rows():
    generator = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "a": generator.normal(size=N).round(3),
            "b": generator.integers(0, 9, N),
            "c": generator.choice(list("xyz"), N),
            "y": generator.integers(0, 2, N),
        }
    )


def audited(path, target="y", test=None, **roles):
    return audit(audited_files(path, test, Named(target, **roles)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n1,2\n", "no column names"),
        (b"a,b,y\n", "no rows below its header"),
        (bytes(range(256)), "not text"),
        (b"a,a,y\n1,2,0\n", "stands twice"),
        (b'"a\nb",y\n1,0\n', "line break"),
        (b"a,y\r1,0\r", "carriage return"),
        (b"a,y\n1,1.5\n2,2.5\n3,0.5\n4,7\n5,low\n", r"mixes numbers \(80%\) with 'low'"),
        (b"\x1f\x8b\x08\x00garbage", "cannot be unpacked"),
        (b"a,b\n1,2\n", "has no column 'y'"),
        (b"y\n1\n0\n", r"^t\.csv has no column beside 'y'"),
        (b"a,y\n1,\n2,\n", "is empty"),
        (b"a,y\n" + b"".join(b"1,text %d\n" % number for number in range(60)), "60 different texts"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(PodiumError, match=message):
        audited(tmp_path / "t.csv")


def test_files_that_are_not_there(tmp_path, rows):
    with pytest.raises(PodiumError, match="does not exist"):
        audited(tmp_path / "t.csv")
    with pytest.raises(PodiumError, match="is no file"):
        audited(tmp_path)
    rows.to_csv(tmp_path / "t.csv")
    with pytest.raises(PodiumError, match=r"--id: t\.csv has no column 'nr'"):
        audited(tmp_path / "t.csv", id="nr")
    with pytest.raises(PodiumError, match="two roles"):
        audited(tmp_path / "t.csv", group="y")


def test_files_without_a_common_column(tmp_path, rows):
    rows.to_csv(tmp_path / "t.csv", index=False)
    pd.DataFrame({"q": [1]}).to_csv(tmp_path / "u.csv", index=False)
    with pytest.raises(PodiumError, match="share no column"):
        audited(tmp_path / "t.csv", test=tmp_path / "u.csv")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows.assign(y=1), "single class"),
        (lambda rows: rows.head(1), "too few"),
        (lambda rows: rows.assign(y=(np.arange(N) < 3) * 1), "smaller class has 3 rows"),
        (lambda rows: rows.assign(y=3.5), "constant"),
    ],
)
def test_labels_that_teach_nothing_are_a_stated_skip(tmp_path, rows, change, why):
    change(rows).to_csv(tmp_path / "t.csv", index=False)
    report = audited(tmp_path / "t.csv")
    skipped = {one.check: one.skipped for one in report.outcomes if one.skipped}
    assert why in skipped["single_column"]
    assert why in skipped["lattices"]


def test_cells_of_other_types_are_named(tmp_path, rows):
    mixed = rows.astype(object)
    mixed.loc[:9, "a"] = "#VALUE!"
    mixed.loc[::2, "b"] = "text"
    mixed.to_csv(tmp_path / "t.csv", index=False)
    report = audited(tmp_path / "t.csv")
    assert "column 'a': 10 cells are no numbers; they count as missing" in report.notes
    assert any("column 'b' mixes types" in note for note in report.notes)


def test_dates_in_many_formats_are_named(tmp_path, rows):
    days = pd.date_range("2024-01-01", periods=N)
    formats = ["%Y-%m-%d", "%d/%m/%Y", "%b %d, %Y", "%d.%m.%Y", "%Y/%m/%d"]
    rows["when"] = [day.strftime(formats[at % 5]) for at, day in enumerate(days)]
    rows.to_csv(tmp_path / "t.csv", index=False)
    assert any("column 'when'" in note and "formats" in note for note in audited(tmp_path / "t.csv").notes)


@pytest.mark.parametrize(
    ("encoding", "separator", "decimal"), [("latin-1", ",", "."), ("utf-16", ";", ","), ("utf-8-sig", "\t", ",")]
)
def test_other_encodings_are_read_alike(tmp_path, rows, encoding, separator, decimal):
    rows["c"] = rows["c"].map({"x": "café", "y": "naïve", "z": "ñ"})
    rows.to_csv(tmp_path / "t.csv", index=False, encoding=encoding, sep=separator, decimal=decimal)
    table = audited_files(tmp_path / "t.csv", None, Named("y"))
    assert {one.name: one.kind for one in table.columns} == {"a": "number", "b": "number", "c": "text"}
    np.testing.assert_allclose(table.columns[0].values, rows["a"])
    assert set(table.columns[2].text) == {"café", "naïve", "ñ"}


def test_lines_of_another_length_are_counted(tmp_path):
    lines = [f"{number},{number % 3},{number % 2}" if number % 10 else f"{number},1" for number in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines]))
    report = audited(tmp_path / "t.csv")
    assert report.n_train == 90
    assert "t.csv: 10 lines were left out, the first of 2 cells instead of 3" in report.notes


def test_many_whole_numbers_are_said_to_be_no_classes(tmp_path, rows):
    rows.assign(y=np.arange(N) % 70).to_csv(tmp_path / "t.csv", index=False)
    report = audited(tmp_path / "t.csv")
    assert report.task == "regression"
    assert any("70 whole numbers" in note for note in report.notes)


def test_lines_that_a_quote_swallows_are_counted(tmp_path):
    lines = [f'{number},"{number},{number % 2}' for number in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines]))
    assert any("50 line breaks stand within quotes" in note for note in audited(tmp_path / "t.csv").notes)


def test_a_compressed_file_is_unpacked(tmp_path, rows):
    rows.to_csv(tmp_path / "t.csv.gz", index=False)
    assert audited(tmp_path / "t.csv.gz").n_train == N


def test_dates_and_thousands_are_read_beside_decimal_commas(tmp_path, rows):
    rows["day"] = pd.date_range("2024-01-01", periods=N).strftime("%d.%m.%Y")
    rows["sum"] = [f"{number}.{number:03d},5" for number in range(1, N + 1)]
    rows.to_csv(tmp_path / "t.csv", index=False, sep=";", decimal=",")
    columns = {one.name: one for one in audited_files(tmp_path / "t.csv", None, Named("y")).columns}
    assert (columns["day"].kind, columns["sum"].kind) == ("date", "number")
    np.testing.assert_allclose(columns["sum"].values, np.arange(1, N + 1) * 1001 + 0.5)


def test_infinities_make_no_text_of_numbers(tmp_path, rows):
    rows.assign(a=np.where(rows["b"] > 4, np.inf, rows["a"])).to_csv(tmp_path / "t.csv", index=False)
    table = audited_files(tmp_path / "t.csv", None, Named("y"))
    assert table.columns[0].kind == "number"
    assert any("column 'a'" in note and "no numbers" in note for note in table.notes)


@pytest.mark.parametrize("column", [{"e": np.nan}, {"id": np.arange(N)}])
def test_without_a_column_nothing_passes_in_silence(tmp_path, rows, column):
    rows[["y"]].assign(**column).to_csv(tmp_path / "t.csv", index=False)
    skipped = {one.check for one in audited(tmp_path / "t.csv").outcomes if one.skipped}
    assert {"exact_duplicates", "single_column", "missingness", "decimals", "lattices", "formula"} <= skipped


def test_only_text_leaves_numbers_as_a_stated_skip(tmp_path, rows):
    rows[["c"]].assign(d=[f"word {at}" for at in range(N)], y=rows["y"]).to_csv(tmp_path / "t.csv", index=False)
    skipped = {one.check for one in audited(tmp_path / "t.csv").outcomes if one.skipped}
    assert {"lattices", "exact_values", "near_duplicates", "formula"} <= skipped


def test_numbers_beyond_single_precision_and_infinities(tmp_path, rows):
    rows.assign(a=rows["a"] * 1e300, b=np.where(rows["b"] > 6, np.inf, rows["b"])).to_csv(tmp_path / "t.csv")
    assert audited(tmp_path / "t.csv").outcomes


def test_a_large_table_is_sampled_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("competition.audit.drawing.MAX_ROWS", 300)
    generator = np.random.default_rng(2)
    rows = pd.DataFrame({"a": generator.normal(size=2_000), "b": generator.normal(size=2_000)})
    rows["y"] = generator.integers(0, 2, 2_000)
    rows.to_csv(tmp_path / "t.csv", index=False)
    rows.drop(columns="y").head(500).to_csv(tmp_path / "u.csv", index=False)
    report = audited(tmp_path / "t.csv", test=tmp_path / "u.csv")
    assert report.n_train == 300
    assert any("300 of 2,000 train rows and 300 of 500 test rows" in note for note in report.notes)
    # Duplicates are found in all rows, not in the drawn ones alone.
    (finding,) = [one for one in report.findings if one.check == "exact_duplicates"]
    assert finding.severity == "severe"
    assert finding.what.startswith("500 test rows (100.00%)")


def test_the_json_tells_every_check(tmp_path, rows):
    rows.to_csv(tmp_path / "t.csv", index=False)
    told = as_json(audited(tmp_path / "t.csv"))
    assert {one["status"] for one in told["checks"]} <= {"clean", "found", "skipped"}
    assert all(one["skipped"] for one in told["checks"] if one["status"] == "skipped")
    assert told["rows"] == {"train": N, "test": 0}
