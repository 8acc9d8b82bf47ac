"""CSV files are read alike however they are written, by the audit and by `podium new`."""

import gzip

import pandas as pd
import pytest

from competition.csv_files import numbers, read_csv_file
from competition.errors import PodiumError

TEXT = "name;size;no\ncafé;1,5;1\nNA;;2\nnaïve;-0,25;3\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_separators_and_missing_cells(tmp_path, encoding, end):
    (tmp_path / "t.csv").write_bytes(TEXT.replace("\n", end).encode(encoding))
    file = read_csv_file(tmp_path / "t.csv")
    assert (file.columns, file.separator, file.decimal, len(file)) == (["name", "size", "no"], ";", ",", 3)
    assert file.column("name").tolist()[::2] == ["café", "naïve"]
    assert file.column("size").isna().tolist() == [False, True, False]
    assert file.column("name", [2]).tolist() == ["naïve"]
    assert (file.joined, file.left_out, file.compressed) == (0, (), False)


def test_a_compressed_file(tmp_path):
    (tmp_path / "t.csv").write_bytes(gzip.compress(TEXT.encode()))
    assert read_csv_file(tmp_path / "t.csv").compressed
    (tmp_path / "t.csv").write_bytes(gzip.compress(TEXT.encode())[:20])
    with pytest.raises(PodiumError, match="cannot be unpacked"):
        read_csv_file(tmp_path / "t.csv")


def test_lines_of_another_length_and_quoted_line_breaks_are_counted(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n1,2\n3\n4,5,6\n\n7,"8\n9"\n')
    file = read_csv_file(tmp_path / "t.csv")
    assert (len(file), file.left_out, file.joined) == (2, (1, 3), 1)


def test_a_file_whose_lines_all_have_another_length_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2,\n" * 3)
    with pytest.raises(PodiumError, match=r"^t\.csv: no line has as many cells as the header: found 3; allowed: 2$"):
        read_csv_file(tmp_path / "t.csv")


def test_numbers_of_texts():
    assert numbers(pd.Series(["1", "2"]), ".").dtype.kind == "i"
    assert numbers(pd.Series(["1,5", "x", "1.5"]), ",").tolist()[0] == 1.5
    assert numbers(pd.Series(["1,5", "x", "1.5"]), ",").isna().tolist() == [False, True, True]
