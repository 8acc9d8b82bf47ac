"""`podium audit` as a user types it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def files(tmp_path):
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(generator.normal(size=(300, 3)).round(3), columns=list("abc"))
    rows["y"] = generator.integers(0, 2, 300)
    rows.to_csv(tmp_path / "clean.csv", index=False)
    rows.drop(columns="y").head(100).to_csv(tmp_path / "copied.csv", index=False)
    return tmp_path


def test_exit_codes_and_what_is_printed(podium, files):
    code, out, _ = podium("audit", "--train", files / "clean.csv", "--target", "y")
    assert code == 0
    assert "0 severe" in out
    assert "skipped: ids: there is no id column" in out
    code, out, _ = podium("audit", "--train", files / "clean.csv", "--test", files / "copied.csv", "--target", "y")
    assert code == 1
    assert "exact_duplicates" in out
    assert "mend" in out


def test_json(podium, files):
    options = ("--train", files / "clean.csv", "--test", files / "copied.csv", "--target", "y", "--json")
    code, out, _ = podium("audit", *options)
    told = json.loads(out)
    assert code == 1
    assert told["counts"]["severe"] == 1
    assert told["findings"][0]["check"] == "exact_duplicates"
    assert told["findings"][0]["mend"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "what is to be audited?"),
        (("--train", "t.csv"), "--target: missing"),
        (("some-slug", "--train", "t.csv"), "what is to be audited?"),
        (("some-slug", "--target", "y"), "--target: only with --train"),
        (("--train", "t.csv", "--target", "y"), "t.csv does not exist"),
        (("--train", "t.csv", "--target", "y", "--record"), "--record: only of a competition"),
        (("--train", "t.csv", "--target", "y", "--check"), "--check: only of a competition"),
        (("some-slug", "--record", "--check"), "allowed: one of them"),
    ],
)
def test_mistakes_are_one_line(podium, options, message):
    code, out, err = podium("audit", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.fixture
def competition(tmp_path, monkeypatch, new_competition, make_table):
    """Stand in the repository of a competition whose ids tell the target where asked for."""

    def make(tells):
        table = make_table().drop(columns=["gaps", "x"])
        target = np.random.default_rng(1).permutation(table["target"])
        order = np.argsort(np.argsort(target, kind="stable"))
        new_competition(tmp_path, table=table.assign(target=target, id=order if tells else table["id"]))
        monkeypatch.chdir(tmp_path)
        return tmp_path / "leaderboard" / "small-binary" / "audit.json"

    return make


def test_known_leaks_pass_and_new_ones_fail(podium, competition):
    path = competition(tells=True)
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 1
    assert "severe and not recorded: ids in id" in err
    assert not path.exists()
    code, out, err = podium("audit", "small-binary", "--record")
    assert code == 0
    assert "ids" in out
    assert "wrote leaderboard/small-binary/audit.json" in err
    written = path.read_bytes()
    assert [one["check"] for one in json.loads(written)["findings"] if one["severity"] == "severe"] == ["ids"]
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 0
    assert "severe findings as recorded: 1" in err
    assert path.read_bytes() == written
    # A leak that is gone fails too, until that is recorded.
    competition(tells=False)
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 1
    assert "recorded as severe and not found: ids in id" in err
    assert podium("audit", "small-binary", "--record")[0] == 0
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 0
    assert "severe findings as recorded: 0" in err


def test_a_record_of_other_data_is_told_and_a_damaged_one_refused(podium, competition):
    path = competition(tells=False)
    assert podium("audit", "small-binary", "--record")[0] == 0
    path.write_text(path.read_text().replace('"data": "', '"data": "0'))
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 0
    assert "made from other data" in err
    path.write_text("{")
    assert podium("audit", "small-binary", "--check")[0] == 2
    path.unlink()
    code, _, err = podium("audit", "small-binary", "--check")
    assert code == 0
    assert "no audit is recorded" in err
    path.write_text("{")
    code, _, err = podium("site", "-o", path.parents[2] / "site")
    assert code == 0
    assert "no page of an audit" in err
    assert podium("audit", "small-binary", "--record")[0] == 0
    assert podium("site", "-o", path.parents[2] / "site")[0] == 0
    assert "Leak audit" in (path.parents[2] / "site" / "small-binary" / "audit.html").read_text()


def test_what_strangers_wrote_is_escaped(podium, files):
    rows = pd.read_csv(files / "clean.csv").rename(columns={"a": "[red]a[/red]"})
    rows.assign(**{"[bold]k": 1}).to_csv(files / "odd.csv", index=False)
    code, out, _ = podium("audit", "--train", files / "odd.csv", "--target", "y")
    assert code == 0
    assert "[bold]k" in out
    rows.rename(columns={"b": "b\x1b[2J"}).to_csv(files / "odd.csv", index=False)
    code, out, err = podium("audit", "--train", files / "odd.csv", "--target", "y")
    assert code == 2
    assert "\x1b[2J" not in out + err


def test_the_command_line_imports_nothing_heavy_for_it():
    heavy = "import sys, competition.cli.audit; print({'pandas', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
