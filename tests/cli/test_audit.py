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
    ],
)
def test_mistakes_are_one_line(podium, options, message):
    code, out, err = podium("audit", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_what_strangers_wrote_is_escaped(podium, files):
    rows = pd.read_csv(files / "clean.csv").rename(columns={"a": "[red]a[/red]\x1b[2J"})
    rows.assign(**{"[bold]k": 1}).to_csv(files / "odd.csv", index=False)
    code, out, _ = podium("audit", "--train", files / "odd.csv", "--target", "y")
    assert code == 0
    assert "\x1b[2J" not in out
    assert "[bold]k" in out


def test_the_command_line_imports_nothing_heavy_for_it():
    heavy = "import sys, competition.cli.audit; print({'pandas', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
