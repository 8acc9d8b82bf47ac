"""The commands as a user types them: what they print, what they leave behind, and how they refuse."""

import contextlib
import gzip
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from competition import cli
from competition.evaluation.plan import SEED_STEP
from competition.result_files import read_result, write_result

Podium = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("kept_pools")

HEADER = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn"]
# [tool.podium]
# title = "{title}"
# authors = ["Ada L."]
# ///
\"\"\"It says why.\"\"\"

"""
TREE = """\
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier


def make_estimator(random_state, n_threads):
    numbers = FunctionTransformer(lambda X: X[["x", "y", "noise"]])
    return make_pipeline(numbers, DecisionTreeClassifier(random_state=random_state))
"""


def call(*args: object) -> int:
    """Run a command in this process; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["podium", *map(str, args)])
        try:
            cli.main()
        except SystemExit as error:
            return int(error.code or 0)
    return 0


@pytest.fixture
def podium(capsys: pytest.CaptureFixture[str]) -> Podium:
    def run(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = call(*args)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def new_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository."""
    root = tmp_path_factory.mktemp("new") / "class"
    assert call("new", "repository", root) == 0
    return root


@pytest.fixture(scope="session")
def prepared_once(new_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository whose data are prepared."""
    root = shutil.copytree(new_once, tmp_path_factory.mktemp("prepared") / "class")
    with contextlib.chdir(root):
        assert call("prepare", "example") == 0
    return root


@pytest.fixture(scope="session")
def evaluated_once(new_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository whose two solutions were evaluated, with workers of this run alone."""
    root = shutil.copytree(new_once, tmp_path_factory.mktemp("evaluated") / "class")
    with contextlib.chdir(root):
        assert call("run", "example") == 0
    return root


@pytest.fixture
def example(new_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new repository of this test's own as the working directory."""
    monkeypatch.chdir(shutil.copytree(new_once, tmp_path / "class"))
    return tmp_path / "class"


@pytest.fixture
def prepared(prepared_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of this test's own as the working directory, whose data are prepared."""
    monkeypatch.chdir(shutil.copytree(prepared_once, tmp_path / "class"))
    return tmp_path / "class"


@pytest.fixture
def evaluated(evaluated_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of this test's own as the working directory, whose two solutions were evaluated."""
    monkeypatch.chdir(shutil.copytree(evaluated_once, tmp_path / "class"))
    return tmp_path / "class"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- the main path ---


TRIALS = 8  # of a solution: five folds, two further seeds, and the held-out rows


def test_from_a_new_repository_to_a_recorded_board(example: Path, podium: Podium) -> None:
    code, out, err = podium("run", "--record")
    assert code == 0
    assert "boosted_trees" in out
    assert re.search(r"1/2 \w+ +f1 0\.\d{4}", err)
    board = example / "leaderboard" / "example"
    csv = pd.read_csv(board / "leaderboard.csv")
    assert csv.columns[0] == "rank"
    assert {"solution", "f1", "average_precision"} <= set(csv.columns)
    assert csv["solution"].tolist() == ["boosted_trees", "constant"]
    assert (board / "README.md").read_text().startswith("# Two interleaved spirals")
    assert (board / "chart.svg").read_text().startswith("<svg")
    assert {path.stem for path in (board / "results").iterdir()} == {"boosted_trees", "constant"}
    # A clone without local results shows the same board.
    for path in (example / ".podium").rglob("*.json"):
        path.unlink()
    before = files(board)
    code, again, _ = podium("leaderboard", "example", "--record")
    assert (code, again) == (0, out)
    assert files(board) == before


def test_json_is_all_that_reaches_standard_output(evaluated: Path, podium: Podium) -> None:
    for command in (["run", "example", "constant"], ["list"], ["prepare", "example"], ["leaderboard", "example"]):
        code, out, _ = podium(*command, "--json")
        assert code == 0
        json.loads(out)


def test_submission_of_a_solution_scores_as_its_held_out_trial(evaluated: Path, podium: Podium) -> None:
    assert podium("submit", "example", "boosted_trees", "-o", "mine.csv")[0] == 0
    scores = json.loads(podium("score", "example", "mine.csv", "--json")[1])["scores"]
    board = json.loads(podium("run", "example", "boosted_trees", "--json")[1])
    row = next(row for row in board["rows"] if row["solution"] == "boosted_trees")
    assert scores["f1/public"] == pytest.approx(row["heldout_public"], abs=1e-6)
    assert scores["f1/private"] == pytest.approx(row["heldout_private"], abs=1e-6)


def test_sample_submission_is_valid_and_public_files_hold_no_label(example: Path, podium: Podium) -> None:
    podium("prepare", "example")
    public = example / "data" / "example" / "prepared" / "public"
    assert podium("score", "example", public / "sample_submission.csv")[0] == 0
    assert {path.name for path in public.iterdir()} == {"train.parquet", "heldout.parquet", "sample_submission.csv"}
    assert "arm" not in pd.read_parquet(public / "heldout.parquet").columns


def test_a_submission_may_be_gzipped(evaluated: Path, podium: Podium) -> None:
    podium("submit", "example", "constant", "-o", "mine.csv.gz")
    assert gzip.decompress(Path("mine.csv.gz").read_bytes()).startswith(b"id,arm\n")
    assert podium("score", "example", "mine.csv.gz")[0] == 0


def test_a_changed_solution_makes_its_result_stale(evaluated: Path, podium: Podium) -> None:
    path = evaluated / "solutions" / "example" / "constant.py"
    path.write_text(path.read_text() + "\n# changed\n")
    board = json.loads(podium("leaderboard", "example", "--json")[1])
    assert [row["solution"] for row in board["rows"]] == ["boosted_trees"]
    assert board["stale"] == [{"solution": "constant", "why": "its file has changed since"}]


def test_a_failing_solution_is_told_and_stops_nothing(evaluated: Path, podium: Podium) -> None:
    broken = HEADER.format(title="Broken") + "def make_estimator(random_state, n_threads):\n    raise OSError('no')\n"
    (evaluated / "solutions" / "example" / "broken.py").write_text(broken)
    code, out, _ = podium("run", "--jobs", 1)
    assert code == 0
    assert "boosted_trees" in out
    assert "error: OSError: no (line 11, in make_estimator: raise OSError('no'))" in " ".join(out.split())
    assert podium("run", "example", "broken")[0] == 1, "whoever names a solution wants to know that it failed"


def test_the_site_has_the_code_that_was_evaluated_and_replaces_nothing_else(
    evaluated: Path, podium: Podium, tmp_path: Path
) -> None:
    assert podium("site", "-o", tmp_path / "site")[0] == 0
    assert "boosted_trees" in (tmp_path / "site" / "example" / "index.html").read_text()
    assert "make_estimator" in (tmp_path / "site" / "example" / "solutions" / "constant.html").read_text()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    code, _, err = podium("site", "-o", tmp_path / "site")
    assert code == 2
    assert "was not written by podium site: it holds mine.txt" in " ".join(err.split())


def test_interrupt_keeps_what_is_finished(example: Path, tmp_path: Path) -> None:
    # One trial that never ends, so that whatever the order one worker is left for all the others.
    never = f"import time\n    if random_state == {1 + SEED_STEP}:\n        time.sleep(80_000)"
    slow = HEADER.format(title="Slow") + TREE.replace("numbers =", f"{never}\n    numbers =", 1)
    (example / "solutions" / "example" / "slow.py").write_text(slow)
    rules = example / "data" / "example" / "competition.toml"
    rules.write_text(rules.read_text().replace("seconds = 60\n", "seconds = 86_400\n"))
    # What a shell starts in the background ignores the signal.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nimport competition.cli as c; c.main()"
    )
    command = [sys.executable, "-c", program, "run", "example", "constant", "slow", "--jobs", "2"]
    told = tmp_path / "stderr"
    with told.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=example, stdout=subprocess.PIPE, stderr=stderr, text=True)
    while "1/2 constant" not in told.read_text():  # what is finished is what a user was told of
        assert process.poll() is None, told.read_text()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    err = told.read_text()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "1 of 2 solutions are finished; every finished trial is kept" in err
    assert "constant" in out
    assert (example / ".podium" / "results" / "example" / "constant.json").exists()


def test_a_broken_neighbour_does_not_disturb(evaluated: Path, podium: Podium) -> None:
    (evaluated / "solutions" / "example" / "broken.py").write_text("def make_estimator(:\n")
    code, out, _ = podium("run", "example", "constant")
    assert (code, "constant" in out) == (0, True)
    assert podium("leaderboard", "example")[0] == 0


def test_a_damaged_local_result_is_made_again(evaluated: Path, podium: Podium) -> None:
    path = evaluated / ".podium" / "results" / "example" / "constant.json"
    whole = path.read_text()
    path.write_text(whole[:300])
    assert podium("run", "example", "constant", "--jobs", 1)[0] == 0
    assert len(path.read_text()) == pytest.approx(len(whole), rel=0.02)


def test_a_local_result_that_was_edited_is_evaluated_again_from_the_cache(evaluated: Path, podium: Podium) -> None:
    before = podium("leaderboard", "example", "--json")[1]
    path = evaluated / ".podium" / "results" / "example" / "constant.json"
    edit_score(path)
    told = json.loads(podium("leaderboard", "example", "--json")[1])
    assert [row["solution"] for row in told["rows"]] == ["boosted_trees"]
    why = ".podium/results/example/constant.json cannot be used: its checksum does not hold: it was edited or damaged"
    assert told["stale"] == [{"solution": "constant", "why": why}]
    misses = fits(evaluated)
    assert scores_of(podium("run", "example", "--json")[1]) == scores_of(before)
    assert fits(evaluated) == misses


def edit_score(path: Path) -> None:
    edited, count = re.subn(r'"score": 0\.\d+', '"score": 0.99', path.read_text())
    assert count == 1
    path.write_text(edited)


def test_results_of_another_harness_are_not_ranked(evaluated: Path, podium: Podium) -> None:
    path = evaluated / ".podium" / "results" / "example" / "constant.json"
    made = read_result(path)
    other = made.provenance.model_copy(update={"scoring": "0" * 16})
    write_result(made.model_copy(update={"provenance": other}), path.parent)
    told = json.loads(podium("leaderboard", "example", "--json")[1])
    assert [row["solution"] for row in told["rows"]] == ["boosted_trees"]
    assert told["stale"][0]["why"].startswith("scored by another version of the harness")
    misses = fits(evaluated)
    board = json.loads(podium("run", "example", "--json")[1])
    assert (len(board["rows"]), board["stale"], fits(evaluated)) == (2, [], misses)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('primary = "f1"\nalso = ["average_precision", "roc_auc"]', 'primary = "roc_auc"\nalso = ["f1"]'),
        ('by = "cv"', 'by = "heldout"'),
        ("seconds = 60", "seconds = 61"),
    ],
)
def test_results_made_by_other_rules_are_stale(evaluated: Path, podium: Podium, old: str, new: str) -> None:
    path = evaluated / "data" / "example" / "competition.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    board = json.loads(podium("leaderboard", "example", "--json")[1])
    assert board["rows"] == []
    assert "made under another metric, ranking" in board["stale"][0]["why"]


def test_a_board_by_held_out_score_says_and_does_so(evaluated: Path, podium: Podium) -> None:
    path = evaluated / "data" / "example" / "competition.toml"
    path.write_text(path.read_text().replace('by = "cv"', 'by = "heldout"'))
    board = json.loads(podium("run", "example", "--jobs", 1, "--json")[1])
    for row in board["rows"]:
        assert row["score"] == row["heldout_private"]
        assert row["interval"][0] < row["score"] < row["interval"][1]


# --- what is refused: one line, exit code 2, files as they were ---


def refused(podium: Podium, *args: object) -> str:
    before = files(Path.cwd())
    code, out, err = podium(*args)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    assert files(Path.cwd()) == before
    return err


def test_unknown_names_show_the_nearest(prepared: Path, podium: Podium) -> None:
    assert "did you mean 'example'?" in refused(podium, "run", "exampel")
    assert "did you mean 'constant'?" in refused(podium, "run", "example", "constnat")


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, podium: Podium) -> None:
    monkeypatch.chdir(tmp_path)
    assert "podium new repository DIR" in refused(podium, "list")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('primary = "f1"', 'primary = "f2"', "metric.primary: 'f2'"),
        ("[metric]", "[metrik]", "metrik: unknown key; did you mean 'metric'?"),
        ("n_splits = 5", 'n_splits = "five"', "cv.n_splits: found 'five'"),
        ("positive = 1", "", "data.positive: missing"),
        ('task = "binary"', 'task = "binary', "is not valid TOML"),
    ],
)
def test_a_broken_definition_names_the_key(example: Path, podium: Podium, old: str, new: str, said: str) -> None:
    path = example / "data" / "example" / "competition.toml"
    path.write_text(path.read_text().replace(old, new))
    message = refused(podium, "run")
    assert said in message
    assert "competition.toml" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def make_estimator(random_state, n_threads):\n    return 1\n", "no header"),
        (HEADER.format(title="x") + "def make_estimator(:\n", "syntax error in line 10"),
        (HEADER.format(title="x") + "def make(random_state):\n    return 1\n", "no function make_estimator"),
    ],
)
def test_a_broken_solution_is_refused_before_anything_runs(
    prepared: Path, podium: Podium, text: str, said: str
) -> None:
    (prepared / "solutions" / "example" / "broken.py").write_text(text)
    message = refused(podium, "run", "example", "broken")
    assert "example/broken.py" in message
    assert said in message


def test_a_bad_submission_is_refused(prepared: Path, podium: Podium) -> None:
    Path("bad.csv").write_text("id,arm\n1,0\n")
    assert "bad.csv" in refused(podium, "score", "example", "bad.csv")
    assert "does not exist" in refused(podium, "score", "example", "absent.csv")


def test_options_out_of_range(prepared: Path, podium: Podium) -> None:
    assert "--jobs: found 0" in refused(podium, "run", "--jobs", 0)
    assert "no unlabelled rows" in refused(
        podium, "submit", "example", "constant", "--rows", "unlabelled", "-o", "x.csv"
    )
    assert "is no folder" in refused(podium, "prepare", "example", "--raw", "nowhere")
    assert "has no results yet" in refused(podium, "leaderboard", "example")
    assert "is a folder" in refused(podium, "submit", "example", "constant", "-o", prepared)
    assert "is no folder" in refused(podium, "submit", "example", "constant", "-o", "nowhere/x.csv")


def test_a_state_folder_that_cannot_be_made_is_told_before_the_fits(prepared: Path, podium: Podium) -> None:
    shutil.rmtree(prepared / ".podium", ignore_errors=True)
    (prepared / ".podium").write_text("a file in the way")
    assert "cannot make the folder" in refused(podium, "run", "example", "constant")


def test_default_that_is_no_name(example: Path, podium: Podium) -> None:
    path = example / "pyproject.toml"
    path.write_text(path.read_text().replace('default = "example"', "default = 3"))
    assert "tool.podium.default: found 3" in refused(podium, "list")


def test_a_solution_that_asks_for_more_than_the_limits_is_refused(prepared: Path, podium: Podium) -> None:
    path = prepared / "solutions" / "example" / "greedy.py"
    for asks, said in (("threads = 4", "threads: asks for 4; allowed: at most 1"), ("memory_gb = 99", "asks for 99;")):
        path.write_text(HEADER.format(title="x").replace("# authors", f"# {asks}\n# authors") + TREE)
        assert said in refused(podium, "run", "example", "greedy")


def test_levels_and_addresses_that_are_not_there(
    prepared: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prepared / ".podium" / "cache").mkdir(parents=True)
    assert "--isolation: found 'jail'; allowed: namespaces, kernel, none" in refused(
        podium, "run", "--isolation", "jail"
    )
    monkeypatch.setattr("competition.evaluation.sandbox.bubblewrap.PROGRAM", "no-such-bwrap")
    monkeypatch.setattr("sys.platform", "linux")
    assert "this machine does not hold 'namespaces'" in refused(podium, "run", "--isolation", "namespaces")


def test_a_limit_of_zero_names_the_key(example: Path, podium: Podium) -> None:
    path = example / "data" / "example" / "competition.toml"
    path.write_text(path.read_text().replace("seconds = 60", "seconds = 0"))
    assert "limits.seconds" in refused(podium, "run")


def test_a_cache_that_cannot_be_written_is_told_before_the_fits(prepared: Path, podium: Podium) -> None:
    (prepared / ".podium").mkdir(exist_ok=True)
    (prepared / ".podium" / "cache").write_text("a file in the way")
    assert "cannot make the folder" in refused(podium, "run", "example", "constant")


# --- what is evaluated once is not evaluated again ---


def fits(example: Path) -> int:
    """Trials that were run and not found, of all runs so far."""
    log = example / ".podium" / "cache" / "runs.jsonl"
    return sum(json.loads(line)["misses"] for line in log.read_text().splitlines())


def imported_by(root: Path, *arguments: str) -> tuple[str, set[str]]:
    """Run a command in a process of its own; return what it prints, and which heavy libraries it has imported."""
    program = (
        f"import atexit, sys; sys.argv = {['podium', *arguments]}; "
        "heavy = ('pandas', 'pyarrow', 'sklearn', 'scipy', 'matplotlib', 'numpy.ma'); "
        "atexit.register(lambda: print(*(name for name in heavy if name in sys.modules))); "
        "from competition.cli import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    *printed, names = ended.stdout.splitlines()
    return "\n".join(printed), set(names.split())


def test_a_second_run_has_nothing_to_do_and_imports_nothing_heavy(evaluated: Path) -> None:
    printed, names = imported_by(evaluated, "run")
    assert "boosted_trees" in printed
    assert names == set()


def test_scikit_learn_is_left_to_the_trials(evaluated: Path) -> None:
    before = fits(evaluated)
    _, by_run = imported_by(evaluated, "run", "example", "constant", "--fresh", "--record", "--jobs", "1")
    assert fits(evaluated) == before + TRIALS
    _, by_verify = imported_by(evaluated, "verify", "example", "constant", "--jobs", "1")
    assert by_run >= {"pandas", "pyarrow"}
    assert (by_run | by_verify).isdisjoint({"sklearn", "scipy"})
    assert imported_by(evaluated, "leaderboard", "example")[1] == set()


def test_what_does_not_decide_an_outcome_costs_no_fit(evaluated: Path, podium: Podium) -> None:
    before = fits(evaluated)
    (evaluated / "solutions" / "example" / "neighbour.py").write_text("# a comment in another file\n")
    (evaluated / "data" / "example" / "README.md").write_text("another card")
    rules = evaluated / "data" / "example" / "competition.toml"
    rules.write_text(rules.read_text().replace('also = ["average_precision", ', 'also = ["balanced_accuracy", '))
    code, _, err = podium("run", "example", "constant", "boosted_trees", "--jobs", 1)
    assert (code, fits(evaluated)) == (0, before)
    assert ", kept" in err
    result = json.loads((evaluated / ".podium" / "results" / "example" / "constant.json").read_text())
    assert 0.4 < result["metrics"]["balanced_accuracy"] < 0.6


@pytest.mark.parametrize("change", ["solution", "seed", "limits"])
def test_what_decides_an_outcome_costs_a_fit(evaluated: Path, podium: Podium, change: str) -> None:
    before = fits(evaluated)
    rules = evaluated / "data" / "example" / "competition.toml"
    solution = evaluated / "solutions" / "example" / "constant.py"
    match change:
        case "solution":
            solution.write_text(solution.read_text() + "\n# another byte\n")
        case "seed":
            rules.write_text(re.sub(r"seed = \d+", "seed = 5", rules.read_text()))
        case "limits":
            rules.write_text(rules.read_text().replace("seconds = 60", "seconds = 61"))
    podium("run", "example", "constant", "--jobs", 1)
    assert fits(evaluated) == before + TRIALS


def test_fresh_ignores_what_is_kept_and_keeps_what_it_makes(evaluated: Path, podium: Podium) -> None:
    before = fits(evaluated)
    podium("run", "example", "constant", "--fresh", "--jobs", 1)
    assert fits(evaluated) == before + TRIALS
    (evaluated / ".podium" / "results" / "example" / "constant.json").unlink()
    podium("run", "example", "constant")
    assert fits(evaluated) == before + TRIALS


NAPS = """import time

import numpy as np


class Nap:
    def __init__(self, random_state):
        self.random_state = random_state

    def fit(self, X, y):
        time.sleep(0.4)
        return self

    def predict(self, X):
        return np.random.default_rng(self.random_state).integers(2, size=len(X))


def make_estimator(random_state, n_threads):
    return Nap(random_state)
"""


def write_naps(example: Path) -> None:
    header = HEADER.format(title="Naps").replace("scikit-learn", "numpy")
    (example / "solutions" / "example" / "naps.py").write_text(header + NAPS)


KILLED_AFTER_TWO = """
import os
import signal

from competition.cli import main
from competition.evaluation.cache import TrialCache

put = TrialCache.put


def put_and_die(self, key, outcome):
    put(self, key, outcome)
    if self.size().entries == 2:
        os.kill(os.getpid(), signal.SIGKILL)


TrialCache.put = put_and_die
main()
"""


def start(example: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "competition.cli", "run", "example", *arguments]
    return subprocess.Popen(command, cwd=example, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def entries(example: Path) -> list[Path]:
    """Whole entries of the cache: one that is being written begins with a dot, and may stay where a run is killed."""
    return list((example / ".podium" / "cache").glob("??/[!.]*"))


def test_after_a_kill_the_next_run_goes_on(prepared: Path, podium: Podium) -> None:
    write_naps(prepared)
    whole = podium("run", "example", "naps", "--json")[1]
    clean = {path.name: path.read_bytes() for path in entries(prepared)}
    podium("cache", "--prune", 0)
    (prepared / ".podium" / "results" / "example" / "naps.json").unlink()
    command = [sys.executable, "-c", KILLED_AFTER_TWO, "run", "example", "naps", "--jobs", "1"]
    assert subprocess.run(command, cwd=prepared, capture_output=True, check=False).returncode == -signal.SIGKILL
    kept = len(entries(prepared))
    assert 2 == kept < len(clean)
    misses = fits(prepared)
    code, out, _ = podium("run", "example", "naps", "--json")
    assert code == 0
    assert fits(prepared) - misses == len(clean) - kept
    assert scores_of(out) == scores_of(whole)


def test_a_board_is_inferred_once_to_be_shown_and_anew_to_be_recorded(
    evaluated: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = podium("leaderboard", "example", "--json")

    def resample(*_: object) -> None:
        raise RuntimeError("resampled")

    monkeypatch.setattr("competition.ranking.inference.resample", resample)
    assert podium("leaderboard", "example", "--json") == shown
    assert podium("run", "example", "--json")[1] == shown[1]
    with pytest.raises(RuntimeError, match="resampled"):
        podium("leaderboard", "example", "--record")


def scores_of(board: str) -> list[object]:
    return [(row["solution"], row["score"], row["metrics"]) for row in json.loads(board)["rows"]]


@pytest.mark.slow
def test_two_runs_at_once_come_to_the_same(prepared: Path, podium: Podium) -> None:
    write_naps(prepared)
    both = [start(prepared, "naps", "--jobs", "1", "--json") for _ in range(2)]
    outs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert scores_of(outs[0]) == scores_of(outs[1])
    assert len(entries(prepared)) == TRIALS
    alone = podium("run", "example", "naps", "--fresh", "--json")[1]
    assert scores_of(alone) == scores_of(outs[0])


def test_a_damaged_cache_is_never_used(evaluated: Path, podium: Podium) -> None:
    whole = podium("leaderboard", "example", "--json")[1]
    misses = fits(evaluated)
    flipped, cut, emptied, *swapped = damaged = sorted(entries(evaluated))[:5]
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    flipped.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:-7])
    emptied.write_bytes(b"")
    contents = [path.read_bytes() for path in swapped]
    for path, other in zip(swapped, reversed(contents), strict=True):
        path.write_bytes(other)
    shutil.rmtree(evaluated / ".podium" / "results")
    assert scores_of(podium("run", "example", "--jobs", 1, "--json")[1]) == scores_of(whole)
    assert fits(evaluated) - misses == len(damaged)


def test_the_cache_is_shown_and_pruned(evaluated: Path, podium: Podium) -> None:
    shown = json.loads(podium("cache", "--json")[1])
    assert shown["trials"]["entries"] == len(entries(evaluated)) == 2 * TRIALS
    assert (shown["runs"][-1]["hits"], shown["runs"][-1]["misses"]) == (0, 2 * TRIALS)
    assert podium("cache", "--prune", 30)[0] == 0
    assert len(entries(evaluated)) == 2 * TRIALS
    code, _, err = podium("cache", "--prune", 0)
    assert code == 0
    assert f"removed {2 * TRIALS} trials" in err
    assert entries(evaluated) == []
    assert "--prune: found -1" in refused(podium, "cache", "--prune", -1)


def test_verify_finds_a_result_that_was_edited(evaluated: Path, podium: Podium) -> None:
    assert "no committed results" in podium("verify", "example")[2]
    podium("run", "example", "--record")
    code, out, _ = podium("verify", "example", "--json")
    assert code == 0
    assert {one["name"]: one["verdict"] for one in json.loads(out)} == {
        "boosted_trees": "identical",
        "constant": "identical",
    }
    recorded = evaluated / "leaderboard" / "example" / "results" / "constant.json"
    forged = read_result(recorded).model_copy(update={"score": 0.99})
    edit_score(recorded)
    code, out, err = podium("verify", "example", "--json")
    assert code == 1
    assert [(one["name"], one["verdict"]) for one in json.loads(out)] == [("boosted_trees", "identical")]
    assert "leaderboard/example/results/constant.json cannot be used: its checksum does not hold" in err
    write_result(forged, recorded.parent)  # with a checksum that holds
    code, out, _ = podium("verify", "example", "constant", "--jobs", 1, "--json")
    assert code == 1
    assert json.loads(out)[0]["verdict"] == "drifted"
    assert "--part: found 'x'; allowed: I/N" in refused(podium, "verify", "example", "--part", "x")
    code, _, err = podium("verify", "example", "--part", "3/9")
    assert (code, "nothing to verify in this part" in err) == (0, True)


def test_the_doctor_tells_every_level(podium: Podium) -> None:
    told = json.loads(podium("doctor", "--json")[1])
    assert [one["level"] for one in told["isolation"]] == ["namespaces", "kernel", "none"]
    assert all(one["holds"] or one["why"] for one in told["isolation"])
    code, out, _ = podium("doctor")
    assert code == 0
    assert "namespaces" in out


def test_every_command_has_help_with_an_example(podium: Podium) -> None:
    commands = [
        *("list", "prepare", "run", "verify", "score", "submit", "leaderboard"),
        *("doctor", "selftest", "cache"),
    ]
    for command in [[name] for name in commands] + [
        ["new", name] for name in ("solution", "competition", "repository")
    ]:
        code, out, _ = podium(*command, "--help")
        assert code == 0
        assert f"Example: podium {' '.join(command)}" in out
