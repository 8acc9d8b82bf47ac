"""`data/lte-anomaly/dataset.py`: every dialect of Kaggle's files, every way to be wrong, and the download."""

import importlib.util
import os
import shlex
import stat
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "data" / "lte-anomaly" / "dataset.py"
TRAIN = "ML-MATT-CompetitionQT1920_train.csv"
TEST = "ML-MATT-CompetitionQT1920_test.csv"
COUNTERS = [
    "PRBUsageUL",
    "PRBUsageDL",
    "meanThr_DL",
    "meanThr_UL",
    "maxThr_DL",
    "maxThr_UL",
    "meanUE_DL",
    "meanUE_UL",
    "maxUE_DL",
    "maxUE_UL",
    "maxUE_UL+DL",
]
HEADER = ["Time", "CellName", *COUNTERS, "Unusual"]
BODY = """\
10:45,3BLTE,11.5,1.25,0.375,0.041,15.655,0.644,1.114,1.025,4,3,7,1
3:00,6ALTE,3.5,1.75,0.575,0.042,22.659,0.743,0.985,0.01,3,2,5,0
16:15,10ULTE,13.743,4.042,2.113,0.1,44.483,1.11,0,0,,,#¡VALOR!,0
0:15,2CLTE,0,0,0.01,0.02,0.3,0.04,0,0,,,,1
"""
ROWS = [line.split(",") for line in BODY.splitlines()]


@pytest.fixture(scope="module")
def dataset() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lte_anomaly_dataset", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(
    header: list[str] = HEADER,
    rows: list[list[str]] = ROWS,
    separator: str = ",",
    end: str = "\r\n",
    comma: bool = False,
) -> str:
    """A CSV text; `comma` writes the counters with a decimal comma."""
    body = [[*row[:2], *(field.replace(".", ",") for field in row[2:])] if comma else row for row in rows]
    return "".join(separator.join(line) + end for line in [header, *body])


def with_field(row: int, column: str, value: str) -> list[list[str]]:
    rows = [list(fields) for fields in ROWS]
    rows[row][HEADER.index(column)] = value
    return rows


def write(folder: Path, content: str | bytes, name: str = TRAIN) -> Path:
    (folder / name).write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
    return folder


def check_labelled(table: pd.DataFrame) -> None:
    assert list(table.columns) == ["Id", *HEADER]
    assert table["Id"].dtype == np.int64
    assert table["Id"].tolist() == [1, 2, 3, 4]
    assert table["Time"].tolist() == ["10:45", "3:00", "16:15", "0:15"]
    assert table["CellName"].tolist() == ["3BLTE", "6ALTE", "10ULTE", "2CLTE"]
    assert (table[COUNTERS].dtypes == np.float64).all()
    assert table["PRBUsageUL"].tolist() == [11.5, 3.5, 13.743, 0.0]
    assert table["maxUE_UL+DL"].tolist()[:2] == [7.0, 5.0]
    assert table[COUNTERS].isna().sum().to_dict() == {name: 2 * name.startswith("maxUE") for name in COUNTERS}
    assert table["Unusual"].dtype == np.int64
    assert table["Unusual"].tolist() == [1, 0, 0, 1]


# --- dialects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(text().encode("latin-1"), id="latin-1, CRLF, as Kaggle writes it"),
        pytest.param(text(end="\n").encode("latin-1"), id="LF"),
        pytest.param(text(end="\r").encode("latin-1"), id="CR"),
        pytest.param(text().encode("utf-8"), id="UTF-8"),
        pytest.param(text().encode("utf-8-sig"), id="UTF-8 with BOM"),
        pytest.param(text(separator=";").encode("latin-1"), id="semicolons"),
        pytest.param(text(separator=";", comma=True).encode("latin-1"), id="semicolons and decimal commas"),
        pytest.param(text(separator=";", comma=True).encode("utf-8-sig"), id="the same in UTF-8 with BOM"),
        pytest.param(text().replace("¡", "").encode("ascii"), id="exclamation mark lost"),
        pytest.param(text().replace("¡", "\ufffd").encode("utf-8"), id="exclamation mark replaced"),
        pytest.param(text().replace("10:45", '"10:45"').encode("latin-1"), id="quoted"),
        pytest.param(text().replace("3:00", "03:00").encode("latin-1"), id="leading zero of the hour"),
        pytest.param((text() + "\r\n" + "," * 13 + "\r\n").encode("latin-1"), id="blank lines at the end"),
        pytest.param(text(end=" \r\n").encode("latin-1"), id="blanks at line ends"),
    ],
)
def test_reads_every_dialect(dataset: ModuleType, tmp_path: Path, content: bytes) -> None:
    check_labelled(dataset.load(write(tmp_path, content), seed=1))


def test_reads_columns_in_any_order(dataset: ModuleType, tmp_path: Path) -> None:
    backwards = text(header=HEADER[::-1], rows=[row[::-1] for row in ROWS])
    check_labelled(dataset.load(write(tmp_path, backwards), seed=1))


def test_reads_unlabelled_rows(dataset: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, text(header=HEADER[:-1], rows=[row[:-1] for row in ROWS]), TEST)
    table = dataset.load_unlabelled(tmp_path)
    assert list(table.columns) == ["Id", *HEADER[:-1]]
    assert table["Id"].tolist() == [1, 2, 3, 4]


def test_ignores_the_seed(dataset: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, text())
    pd.testing.assert_frame_equal(dataset.load(tmp_path, seed=1), dataset.load(tmp_path, seed=2))


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [TRAIN, TEST])
def test_absent_file_says_how_to_get_it(dataset: ModuleType, tmp_path: Path, name: str) -> None:
    read = dataset.load_unlabelled if name == TEST else lambda raw: dataset.load(raw, seed=1)
    with pytest.raises(FileNotFoundError) as caught:
        read(tmp_path)
    message = str(caught.value)
    assert len(message.splitlines()) <= 3
    for part in (
        name,
        str(tmp_path),
        "https://www.kaggle.com/c/anomaly-detection-in-cellular-networks/data",
        "podium prepare lte-anomaly --raw DIR",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "the file is empty", id="only a BOM"),
        pytest.param("\r\n \r\n", "the file is empty", id="blank lines"),
        pytest.param(",,,\r\n", "the file is empty", id="separators only"),
        pytest.param(text(rows=[]), "the file is empty below its header", id="only a header"),
        pytest.param(b"PK\x03\x04\0\0", "not a text file", id="binary"),
        pytest.param(
            text(header=[n for n in HEADER if n != "meanUE_DL"], rows=[[*r[:8], *r[9:]] for r in ROWS]),
            "line 1: missing column 'meanUE_DL'",
            id="missing column",
        ),
        pytest.param(
            text(header=HEADER[:-1], rows=[r[:-1] for r in ROWS]), "line 1: missing column 'Unusual'", id="test"
        ),
        pytest.param(
            text(header=[*HEADER, "Date"], rows=[[*r, "x"] for r in ROWS]), "line 1: unknown column 'Date'", id="extra"
        ),
        pytest.param(
            text(header=[*HEADER, "Time"], rows=[[*r, "1:00"] for r in ROWS]),
            "line 1: repeated column 'Time'",
            id="twice",
        ),
        pytest.param(
            text(header=["time", *HEADER[1:]]), "line 1: missing column 'Time'; unknown: 'time'", id="wrong name"
        ),
        pytest.param(
            text(header=["a", "b", "c", "d", "e"], rows=[]),
            "line 1: missing column 'Time', 'CellName'",
            id="other file",
        ),
        pytest.param(
            text(rows=[*ROWS[:2], ROWS[2][:-3], ROWS[3]]),
            "line 4: 11 fields instead of 14: wrong after column 'maxUE_DL'",
            id="short line",
        ),
        pytest.param(text(rows=[ROWS[0], [*ROWS[1], "9"]]), "line 3: 15 fields instead of 14", id="long line"),
        pytest.param(
            text(rows=with_field(1, "meanThr_DL", "much")),
            "line 3: column 'meanThr_DL': 'much' where a number",
            id="text",
        ),
        pytest.param(
            text(rows=with_field(2, "PRBUsageUL", "")),
            "line 4: column 'PRBUsageUL': nothing where a number",
            id="blank",
        ),
        pytest.param(
            text(rows=with_field(1, "meanThr_DL", "#¡VALOR!")),
            "line 3: column 'meanThr_DL': '#¡VALOR!'",
            id="error value",
        ),
        pytest.param(text(rows=with_field(1, "maxUE_DL", "nan")), "line 3: column 'maxUE_DL': 'nan'", id="nan"),
        pytest.param(
            text(rows=with_field(1, "maxUE_DL", "1e999")), "line 3: column 'maxUE_DL': '1e999'", id="infinite"
        ),
        pytest.param(
            text(rows=with_field(1, "maxUE_DL", "1_000")), "line 3: column 'maxUE_DL': '1_000'", id="underscore"
        ),
        pytest.param(
            text(rows=with_field(0, "PRBUsageUL", "1.234.5")), "line 2: column 'PRBUsageUL': '1.234.5'", id="two points"
        ),
        pytest.param(
            text(rows=with_field(3, "Unusual", "2")), "line 5: column 'Unusual': '2' where 0 or 1", id="label"
        ),
        pytest.param(
            text(rows=with_field(3, "Unusual", "")), "line 5: column 'Unusual': nothing where 0", id="no label"
        ),
        pytest.param(
            text(rows=with_field(1, "Time", "25:00")), "line 3: column 'Time': '25:00' where a time", id="time"
        ),
        pytest.param(
            text(rows=with_field(1, "CellName", "")), "line 3: column 'CellName': nothing where a cell", id="cell"
        ),
        pytest.param('Time,"' + "x" * 200_000, "not a CSV line", id="open quote"),
    ],
)
def test_bad_file_gives_one_line(dataset: ModuleType, tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=TRAIN) as caught:
        dataset.load(write(tmp_path, content), seed=1)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 250


# --- download ---------------------------------------------------------------------------------------------------------

CLIENT = """#!/bin/sh
exec {python} -c '
import os, shutil, sys
from pathlib import Path
Path(os.environ["FAKE_LOG"]).write_text(" ".join(sys.argv[1:]))
if os.environ.get("FAKE_FAIL"):
    sys.exit("403 - Forbidden")
shutil.copy(os.environ["FAKE_ARCHIVE"], Path(sys.argv[-1]) / "anomaly-detection-in-cellular-networks.zip")
' "$@"
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `kaggle` that copies an archive of the small files, with no credentials in sight; returns the archive."""
    programs, home = tmp_path / "programs", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    (programs / "kaggle").write_text(CLIENT.format(python=shlex.quote(sys.executable)))
    (programs / "kaggle").chmod(stat.S_IRWXU)
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(TRAIN, text().encode("latin-1"))
        opened.writestr(f"folder/{TEST}", text(HEADER[:-1], [row[:-1] for row in ROWS]).encode("latin-1"))
        opened.writestr("../escaped.csv", "x")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "FAKE_FAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("FAKE_ARCHIVE", str(archive))
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    return archive


needs_shebang = pytest.mark.skipif(os.name == "nt", reason="the fake client is a script with a shebang")


@needs_shebang
@pytest.mark.parametrize("credentials", ["KAGGLE_USERNAME and KAGGLE_KEY", "KAGGLE_API_TOKEN", "kaggle.json"])
def test_downloads_with_client_and_credentials(
    dataset: ModuleType, client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    if credentials == "kaggle.json":
        (tmp_path / "home" / ".kaggle").mkdir()
        (tmp_path / "home" / ".kaggle" / "kaggle.json").write_text("{}")
    else:
        for name in credentials.split(" and "):
            monkeypatch.setenv(name, "x")
    raw = tmp_path / "deep" / "raw"
    assert dataset.download(raw) is True
    assert sorted(path.name for path in raw.iterdir()) == sorted([TRAIN, TEST])
    check_labelled(dataset.load(raw, seed=1))
    assert len(dataset.load_unlabelled(raw)) == len(ROWS)
    assert not list(tmp_path.rglob("escaped.csv"))
    called = (tmp_path / "log").read_text()
    assert called.startswith(f"competitions download -c {dataset.KAGGLE_COMPETITION} -p ")


@needs_shebang
@pytest.mark.parametrize("environment", [{}, {"KAGGLE_USERNAME": "x"}, {"KAGGLE_KEY": "x"}, {"KAGGLE_API_TOKEN": ""}])
def test_does_not_try_without_credentials(
    dataset: ModuleType, client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dataset.download(tmp_path / "raw") is False
    assert not (tmp_path / "raw").exists()
    assert not (tmp_path / "log").exists()


def test_does_not_try_without_client(
    dataset: ModuleType, client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x")
    monkeypatch.setenv("PATH", str(tmp_path / "home"))
    assert dataset.download(tmp_path / "raw") is False
    assert not (tmp_path / "raw").exists()


@needs_shebang
@pytest.mark.parametrize("failure", ["client", "archive", "contents"])
def test_failed_download_leaves_the_folder_as_it_was(
    dataset: ModuleType, client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / TRAIN).write_text("old")
    if failure == "client":
        monkeypatch.setenv("FAKE_FAIL", "1")
        expected = "403 - Forbidden"
    elif failure == "archive":
        client.write_bytes(b"no archive")
        expected = "not a zip archive"
    else:
        with zipfile.ZipFile(client, "w") as opened:
            opened.writestr(TRAIN, "new")
        expected = TEST
    with pytest.raises(RuntimeError, match=expected) as caught:
        dataset.download(raw)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in raw.iterdir()] == [TRAIN]
    assert (raw / TRAIN).read_text() == "old"


# --- Kaggle's own files -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> Path:
    """Folder of the real files; they may not be redistributed, so most machines do not have them."""
    named = os.environ.get("PODIUM_LTE_RAW")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "lte"
    if not (folder / TRAIN).is_file() or not (folder / TEST).is_file():
        pytest.skip(f"Kaggle's files are not in {folder}; set PODIUM_LTE_RAW to their folder")
    return folder


def test_real_labelled_rows(dataset: ModuleType, raw: Path) -> None:
    table = dataset.load(raw, seed=1)
    assert table.shape == (36_904, 15)
    assert table["Id"].tolist() == list(range(1, 36_905))
    assert table["CellName"].nunique() == 33
    assert table["Time"].nunique() == 96
    assert table["Unusual"].mean() == pytest.approx(0.2759, abs=5e-5)
    assert table.isna().sum().sum() == 3 * 89
    assert table[["maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]].isna().sum().tolist() == [89, 89, 89]
    assert table.drop(columns="Id").duplicated().sum() == 106


def test_real_unlabelled_rows(dataset: ModuleType, raw: Path) -> None:
    table = dataset.load_unlabelled(raw)
    assert table.shape == (9_158, 14)
    assert table["Id"].tolist() == list(range(1, 9_159))
    assert table.isna().sum().sum() == 3 * 2
    assert table.drop(columns="Id").duplicated().sum() == 12
