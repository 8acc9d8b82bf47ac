"""Trials in real children: what a solution is given, what comes back, and every way to fail."""

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.dataset import prepare, read_prepared
from competition.errors import PodiumError
from competition.evaluation.engine import SolutionEnded, TrialEnded, evaluate, predict_submission
from competition.evaluation.features import SharedTable, Tables
from competition.evaluation.outcomes import failed
from competition.evaluation.plan import Program, plan
from competition.evaluation.sandbox.levels import LEVELS, probe
from competition.evaluation.wire import decode, mapped, take_rows

ESTIMATOR = """
class Estimator:
    def fit(self, X, y):
{fit}

    def predict(self, X):
{predict}
{more}

def make_estimator(random_state, n_threads):
    return Estimator()
"""
PREDICT = "return (X['x'] > 0).astype(int)"


def estimator(fit="return self", predict=PREDICT, more="", top=""):
    """Text of a solution from the lines of its methods."""
    indented = {"fit": fit, "predict": predict}
    blocks = {name: "\n".join(" " * 8 + line for line in text.splitlines()) for name, text in indented.items()}
    more = "\n".join(" " * 4 + line for line in more.splitlines())
    return f"import os\nimport numpy as np\n{top}\n" + ESTIMATOR.format(**blocks, more=more)


PROBABILITIES = "def predict_proba(self, X):\n    p = (X['x'] > 0) * 0.8 + 0.1\n    return np.column_stack([1 - p, p])"
ON_HELDOUT = "if len(X) == 108:"  # the held-out trial alone is fitted on every training row


@pytest.fixture(scope="module")
def competition(tmp_path_factory, new_competition):
    """A prepared binary competition and the repository's folder."""
    root = tmp_path_factory.mktemp("binary")
    repository, definition = new_competition(root, limits={"seconds": 60})
    prepare(repository, definition)
    return root, read_prepared(repository, definition)


@pytest.fixture(scope="module")
def hasty_competition(tmp_path_factory, new_competition):
    """The same with so short a limit that any trial may go past it on a busy machine."""
    root = tmp_path_factory.mktemp("hasty")
    repository, definition = new_competition(root, limits={"seconds": 1})
    prepare(repository, definition)
    return root, read_prepared(repository, definition)


# --- what a solution is given ---

GIVEN = """
assert list(X.columns) == ['timestamp', 'cell', 'order', 'x', 'gaps', 'word'], list(X.columns)
assert X.index.equals(__import__('pandas').RangeIndex(len(X)))
assert not X['order'].is_monotonic_increasing, 'not shuffled'
assert str(X['timestamp'].dtype).startswith('datetime64'), X['timestamp'].dtype
assert set(X['word'].dropna()) == {'a', 'b'} and X['word'].isna().any()
assert X['gaps'].isna().any()
X.loc[0, 'gaps'] = 5.0
X['new'] = 1
"""
LABELS = """
assert isinstance(y, np.ndarray) and set(y.tolist()) == {0, 1} and y.dtype.kind == 'i', y.dtype
assert ((X['x'] > 0).to_numpy() == y).all(), 'labels are not aligned with rows'
y[:] = 0
"""
SURROUNDINGS = """
assert random_state == 7 and n_threads == 1
assert os.environ['OMP_NUM_THREADS'] == '1'
assert __import__('sys').flags.hash_randomization == 0, 'sets of text would have another order each time'
"""


@pytest.fixture(scope="module")
def good(competition, run_all):
    """Results of solutions that keep the contract."""
    root, prepared = competition
    checked = estimator(fit=f"{GIVEN}{LABELS}return self", predict=f"{GIVEN}{PREDICT}", more=PROBABILITIES)
    surroundings = "".join(f"    {line}\n" for line in SURROUNDINGS.strip().splitlines())
    bodies = {
        "given": checked.replace("    return Estimator()", f"{surroundings}    return Estimator()"),
        "decision": estimator(more="def decision_function(self, X):\n    return X['x']"),
        "values_only": estimator(fit="pass"),  # fit need not return itself
        "column": estimator(predict="return (X['x'] > 0).to_numpy(int).reshape(-1, 1)"),
        "other_order": estimator(
            fit="self.classes_ = np.array([1, 0])",
            more=PROBABILITIES.replace("1 - p, p", "p, 1 - p"),
        ),
        "noise": estimator(
            predict="return (X['x'] + np.random.default_rng(seed).normal(size=len(X)) > 0).astype(int)"
        ).replace("return Estimator()", "global seed\n    seed = random_state\n    return Estimator()"),
        "global_noise": estimator(predict="return np.random.randint(2, size=len(X))"),
        "two_faced": estimator(
            fit="if X['order'].min() == 0:\n    del Estimator.predict_proba",
            more=PROBABILITIES + "\ndef decision_function(self, X):\n    return X['x']",
        ),
    }
    some_folds = "def fit(self, X, y):\n    self.shy = X['order'].min() == 0\n    return self"
    bodies["scores_of_some_folds"] = estimator(
        more=f"{some_folds}\n\n@property\ndef decision_function(self):\n"
        "    if self.shy:\n        raise AttributeError\n    return lambda X: X['x']"
    )
    bodies["noise_again"] = bodies["noise"]
    bodies["global_noise_again"] = bodies["global_noise"]
    assert "solution" not in sys.modules
    return run_all(root, prepared, bodies)


def test_a_correct_solution_gets_right_predictions_aligned_with_rows(good):
    result = good["given"]
    assert [trial.failure for trial in result.trials] == [None] * 3
    assert result.score == 1.0
    assert result.metrics["roc_auc"] == 1.0
    assert result.metrics["log_loss"] == pytest.approx(-np.log(0.9))
    assert result.heldout["f1/public"] == result.heldout["f1/private"] == 1.0
    assert np.trace(result.confusion) == 108
    assert np.sum(result.confusion) == 108


def test_a_record_tells_the_split_and_the_costs(good):
    cv = [trial for trial in good["given"].trials if trial.part == "cv"]
    assert [(trial.repeat, trial.fold, trial.seed) for trial in cv] == [(0, 0, 7), (0, 1, 7)]
    assert all(trial.rows_train + trial.rows_predict == 108 for trial in cv)
    for trial in cv:
        assert 0 <= trial.fit_seconds <= trial.wall_seconds
        assert 0 <= trial.predict_seconds <= trial.wall_seconds
        assert 20 < trial.peak_memory_mb < 4000


def test_a_decision_function_serves_ranking_metrics_alone(good):
    result = good["decision"]
    assert result.metrics == {"f1": 1.0, "roc_auc": 1.0, "log_loss": None}


@pytest.mark.parametrize("name", ["values_only", "column"])
def test_without_scores_ranking_metrics_are_missing_and_nothing_fails(good, name):
    assert good[name].failures == []
    assert good[name].metrics == {"f1": 1.0, "roc_auc": None, "log_loss": None}


def test_probabilities_are_brought_into_the_order_of_the_classes(good):
    assert good["other_order"].metrics == good["given"].metrics


def test_scores_of_different_kinds_in_different_folds_stop_nothing(good):
    assert good["two_faced"].score == 1.0
    assert good["two_faced"].metrics["log_loss"] is None


def test_a_ranking_metric_needs_the_scores_of_every_fold(good):
    result = good["scores_of_some_folds"]
    in_cv = [trial.metrics["roc_auc"] for trial in result.trials if trial.part == "cv"]
    assert sorted(in_cv, key=str) == [1.0, None]
    assert result.metrics["roc_auc"] is None


def test_statistics_add_up_to_the_rows(good):
    statistics = good["given"].statistics
    assert statistics.metric == "f1"
    assert statistics.array().sum() == 108
    assert statistics.array().sum(axis=(0, 1)).reshape(2, 2).tolist() == [list(row) for row in good["given"].confusion]


@pytest.mark.parametrize("name", ["noise", "global_noise"])
def test_the_same_seed_gives_the_same_predictions(good, name):
    once, again = ([trial.predictions for trial in good[n].trials] for n in (name, f"{name}_again"))
    assert once == again
    assert len(set(once)) == 3


def test_each_solution_runs_with_further_seeds_that_count_in_no_score(prepared_small, run_all, tmp_path):
    bodies = {"invariant": estimator(), "noise": estimator(predict="return np.random.randint(0, 2, len(X))")}
    few, many = (run_all(tmp_path / str(n), prepared_small(ranking={"n_seeds": n}), bodies) for n in (1, 3))
    for name in bodies:
        assert many[name].score == few[name].score
        assert many[name].statistics == few[name].statistics
        assert {trial.part for trial in few[name].trials} == {"cv", "heldout"}
    seen = {
        name: {trial.predictions for trial in result.trials if (trial.part, trial.fold) in (("cv", 0), ("seeds", 0))}
        for name, result in many.items()
    }
    assert (len(seen["invariant"]), len(seen["noise"])) == (1, 3)
    for trial in many["noise"].trials:
        assert trial.reference_seconds > 0


def test_another_process_and_number_of_jobs_give_the_same_predictions(competition, good, run_all):
    root, prepared = competition
    source = (root / "solutions" / "small-binary" / "noise.py").read_text()
    (again,) = run_all(root, prepared, {"noise": source.split('"""\n', 1)[1]}, jobs=2).values()
    assert [trial.predictions for trial in again.trials] == [trial.predictions for trial in good["noise"].trials]


# --- failures ---

TO_PIPE = """
import stat

def to_pipe(content):
    for fd in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                while content:
                    content = content[os.write(fd, content):]
        except OSError:
            pass
"""
FORGED = """
from competition.evaluation import wire
to_pipe(b''.join(bytes(chunk) for chunk in wire.encode({}, {meta})))
os._exit(0)
"""
FORGED_FAILURE = {"failure": {"type": "infrastructure", "message": "not me", "traceback": []}}
BAD = {
    "sleeps": (estimator(fit=f"{ON_HELDOUT}\n    __import__('time').sleep(60)"), "timeout", "limit of 1 s"),
    "late": (estimator(fit=f"{ON_HELDOUT}\n    raise ValueError('late')"), "error", "ValueError: late"),
    "memory_error": (estimator(fit="raise MemoryError"), "memory", "MemoryError"),
    "allocates": (estimator(fit="self.x = np.ones(int(2e9))"), "memory", "Unable to allocate"),
    "exits_3": (estimator(fit="os._exit(3)"), "crash", "exit code 3"),
    "exits_0": (estimator(fit="os._exit(0)"), "crash", "exit code 0"),
    "segfault": (estimator(fit="__import__('ctypes').string_at(0)"), "crash", "SIGSEGV"),
    "killed": (estimator(predict="os.kill(os.getpid(), 9)"), "crash", "SIGKILL"),
    "raises": (estimator(predict="raise ValueError('two\\nlines')"), "error", "ValueError: two lines"),
    "raises_in_library": (estimator(fit="X['no such column']"), "error", "KeyError"),
    "system_exit": (estimator(fit="raise SystemExit(0)"), "error", "SystemExit"),
    "keyboard_interrupt": (estimator(fit="raise KeyboardInterrupt"), "error", "KeyboardInterrupt"),
    "bad_import": (estimator(top="import no_such_module"), "error", "no_such_module"),
    "no_fit": ("def make_estimator(random_state, n_threads):\n    return 3\n", "error", "'fit'"),
    "recursion": (estimator(fit="return self.fit(X, y)"), "error", "RecursionError"),
    "wrong_length": (estimator(predict="return np.zeros(len(X) + 1, int)"), "bad-output", "shape"),
    "scalar": (estimator(predict="return 1"), "bad-output", "shape ()"),
    "nan": (estimator(predict="return np.full(len(X), np.nan)"), "bad-output", "nan"),
    "unknown_label": (estimator(predict="return np.full(len(X), 2)"), "bad-output", "2"),
    "text_label": (estimator(predict="return np.full(len(X), 'yes')"), "bad-output", "yes"),
    "infinite_probability": (
        estimator(more="def predict_proba(self, X):\n    return np.full((len(X), 2), np.inf)"),
        "bad-output",
        "not finite",
    ),
    "negative_probability": (
        estimator(more="def predict_proba(self, X):\n    return np.tile([-1.0, 2.0], (len(X), 1))"),
        "bad-output",
        "negative",
    ),
    "one_column": (
        estimator(more="def predict_proba(self, X):\n    return np.ones((len(X), 1))"),
        "bad-output",
        "shape",
    ),
    "floods": (estimator(top=TO_PIPE, fit="to_pipe(b'x' * 1_000_000)"), "bad-output", "bytes"),
    "garbage": (estimator(top=TO_PIPE, fit="to_pipe(b'PODIUM01' * 9)\nos._exit(0)"), "bad-output", "message"),
    "forged_failure": (
        estimator(top=TO_PIPE, fit=FORGED.replace("{meta}", repr(FORGED_FAILURE))),
        "bad-output",
        "",
    ),
    "forged_nothing": (estimator(top=TO_PIPE, fit=FORGED.replace("{meta}", "{}")), "bad-output", "values"),
    "long_message": (estimator(fit="raise ValueError('x' * 10**6)"), "error", "xxx"),
}


@pytest.fixture(scope="module")
def bad(competition, hasty_competition, run_all):
    """Results of every failing solution, with a good one at the end; the sleeping one has a run of its own before."""
    bodies = {name: body for name, (body, _, _) in BAD.items()} | {"good": estimator()}
    sleeping = {"sleeps": bodies.pop("sleeps")}
    return run_all(*hasty_competition, sleeping) | run_all(*competition, bodies)


@pytest.mark.parametrize("name", list(BAD))
def test_a_failure_has_a_type_and_one_line(bad, name):
    _, kind, message = BAD[name]
    result = bad[name]
    failure = result.failures[0].failure
    assert failure.type == kind
    assert message in failure.message
    assert "\n" not in failure.message
    assert len(failure.message) <= 2_000


def test_one_failing_solution_stops_nothing(bad):
    assert bad["good"].score == 1.0
    assert len(bad) == len(BAD) + 1


def test_any_failed_trial_makes_the_score_missing(bad):
    assert [trial.failure is None for trial in bad["late"].trials] == [True, True, False]
    for result in (bad["late"], bad["sleeps"]):
        assert result.score is None
        assert result.metrics == result.heldout == {}
        assert result.statistics is None


def test_a_traceback_has_the_lines_of_the_solution_alone(bad):
    (line,) = bad["raises_in_library"].failures[0].failure.traceback
    assert line.endswith("in fit: X['no such column']")
    assert len(bad["recursion"].failures[0].failure.traceback) <= 20


# --- the harness ---


@pytest.fixture
def open_folder():
    """A folder that any user may write to, as a worker that gave up root must."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def test_the_parent_never_imports_a_solution(competition, run_all, open_folder):
    root, prepared = competition
    seen = open_folder / "pids"
    seen.touch()
    seen.chmod(0o666)
    record = f"with open({str(seen)!r}, 'a') as file:\n    print(os.getpid(), file=file)\n"
    result = run_all(root, prepared, {"tells": estimator(top=record)}, level="none")["tells"]
    assert result.failures == []
    pids = seen.read_text().split()
    assert len(pids) == len(set(pids)) == 3
    assert str(os.getpid()) not in pids


def test_a_worker_that_dies_is_replaced_and_the_trial_tried_again(competition, run_all, open_folder):
    root, prepared = competition
    marker = open_folder / "died"
    once = f"if not os.path.exists({str(marker)!r}):\n    open({str(marker)!r}, 'w').close()"
    kill = "os.kill(os.getppid(), 9)\n    os._exit(1)"
    bodies = {
        "dies_once": estimator(fit=f"{once}\n    {kill}"),
        "dies_always": estimator(fit=f"{ON_HELDOUT}\n    {kill}"),
        "good": estimator(),
    }
    results = run_all(root, prepared, bodies, level="none")
    assert results["dies_once"].score == 1.0
    (failed,) = results["dies_always"].failures
    assert failed.failure.type == "infrastructure"
    assert results["good"].score == 1.0


LEAVE = """
assert os.listdir() == [], os.listdir()
os.makedirs('deep/' * 300)
os.mkdir('closed', 0)
open(b'odd\\xff name', 'w').close()
try:
    os.symlink('/', 'link')
except PermissionError:
    pass
return self"""


@pytest.mark.parametrize("level", LEVELS)
def test_scratch_is_emptied_between_trials(competition, run_all, level):
    if not probe(level).holds:
        pytest.skip(f"this machine does not hold '{level}'")
    root, prepared = competition
    failures = run_all(root, prepared, {"leaves": estimator(fit=LEAVE)}, level=level)["leaves"].failures
    # The worker ends a trial whose closed folder it happens to see; one that finds something ends with an error.
    assert {trial.failure.type for trial in failures} <= {"crash"}


def test_leaving_early_ends_every_child(competition, write_solution, evaluated, entry_of):
    root, prepared = competition
    path = write_solution(root, "slow", estimator(fit="__import__('time').sleep(0.5)"))
    before = _children()
    events = evaluated(prepared, [entry_of(path)], jobs=2)
    assert isinstance(next(events), TrialEnded)
    assert _children() - before
    events.close()
    assert _children() <= before


def _children() -> set[str]:
    if not Path("/proc/self/task").exists():
        pytest.skip("no /proc here")
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_solution_finds_no_row_positions_and_no_shared_memory(competition, run_all):
    root, prepared = competition
    fit = """import gc
held = [o for o in gc.get_objects() if isinstance(o, dict) and {'train_rows', 'predict_rows'} & set(map(str, o))]
assert not held, held
for descriptor in range(3, 200):
    try:
        about = os.fstat(descriptor)
    except OSError:
        continue
    # Memory that is handed over is a file without a name.
    assert about.st_nlink or not stat.S_ISREG(about.st_mode), descriptor
return self"""
    assert run_all(root, prepared, {"peeks": estimator(fit=fit, top="import stat")})["peeks"].failures == []


def test_no_features_are_held_beside_those_in_shared_memory(prepared_small):
    def data_frames():
        gc.collect()
        return sum(isinstance(held, pd.DataFrame) for held in gc.get_objects())

    before = data_frames()
    prepared = prepared_small()
    trials = plan([Program("a", "a.py", "source", b"")], prepared)
    tables = Tables(prepared)
    assert tables.fingerprint("train") != tables.fingerprint("heldout")
    assert len(tables.shared("train").position) == len(trials[-1].split.train)
    assert data_frames() == before
    tables.close()


def test_rows_lie_in_shared_memory_in_another_order_each_time():
    table = pd.DataFrame({"x": np.arange(1000.0)})
    shared = [SharedTable.of(table) for _ in range(2)]
    assert not np.array_equal(shared[0].position, shared[1].position)
    for one in shared:
        assert abs(np.corrcoef(one.position, table["x"])[0, 1]) < 0.2
        with mapped(one.memory) as memory:
            assert take_rows(*decode(memory), one.position).equals(table)
        os.close(one.memory)


def is_running(pid):
    """Whether a process is there and not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="needs a signal at the worker's death")
def test_a_trial_does_not_outlive_its_worker(competition, run_all, open_folder):
    root, prepared = competition
    fit = f"""{ON_HELDOUT}
    open(f'{open_folder}/{{os.getpid()}}', 'w').close()
    os.kill(os.getppid(), 9)
    __import__('time').sleep(60)
return self"""
    result = run_all(root, prepared, {"kills": estimator(fit=fit)}, level="none")["kills"]
    assert [trial.failure.type for trial in result.failures] == ["infrastructure"]
    tries = [path.name for path in open_folder.iterdir()]
    assert len(tries) == 3
    deadline = time.monotonic() + 20  # the signal takes a moment, and the trial would sleep for 60 s
    while any(map(is_running, tries)):
        assert time.monotonic() < deadline, "it runs on"
        time.sleep(0.01)


def test_a_solution_ends_after_its_trials(competition, write_solution, evaluated, entry_of):
    root, prepared = competition
    entries = [entry_of(write_solution(root, name, estimator())) for name in ("one", "two")]
    kinds = [(type(event), event.entry.program.name) for event in evaluated(prepared, entries)]
    for name in ("one", "two"):
        assert [kind for kind, which in kinds if which == name] == [*[TrialEnded] * 3, SolutionEnded]


# --- other tasks and rules ---


def test_regression(prepared_small, run_all, tmp_path):
    prepared = prepared_small("regression")
    bodies = {
        "exact": estimator(fit="assert y.dtype == np.float64", predict="return 3 * X['x'] + 10"),
        "nan": estimator(predict="return X['gaps']"),
        "text": estimator(predict="return X['cell']"),
    }
    results = run_all(tmp_path, prepared, bodies)
    assert results["exact"].metrics == {"root_mean_squared_error": 0.0, "r2": 1.0}
    assert results["exact"].confusion is None
    assert results["nan"].failures[0].failure.type == "bad-output"
    assert results["text"].failures[0].failure.type == "bad-output"


def test_multiclass_with_text_labels_and_repeats(prepared_small, run_all, tmp_path):
    prepared = prepared_small("multiclass", cv={"n_repeats": 2})
    assert prepared.classes == ["high", "low", "mid"]
    right = "return np.array(['low', 'mid', 'high'])[np.digitize(X['x'], [-0.5, 0.5])]"
    seeds = "assert random_state in (7, 8)"
    bodies = {
        "exact": estimator(
            fit="assert set(y) == {'low', 'mid', 'high'}\nself.classes_ = np.unique(y)",
            predict=right,
            more="def predict_proba(self, X):\n    return (self.predict(X)[:, None] == self.classes_) * 0.7 + 0.1",
        ).replace("return Estimator()", f"{seeds}\n    return Estimator()"),
        "object_labels": estimator(predict=right.replace("return ", "return list(") + ")"),
        "case": estimator(predict=right.replace("'low'", "'Low'")),
    }
    results = run_all(tmp_path, prepared, bodies)
    assert results["exact"].failures == []
    assert results["exact"].score == 1.0
    assert results["exact"].metrics["log_loss"] == pytest.approx(-np.log(0.8))
    assert {(t.repeat, t.seed) for t in results["exact"].trials if t.part == "cv"} == {(0, 7), (1, 8)}
    assert results["exact"].statistics.array().shape[0] == 2
    assert results["object_labels"].score == 1.0
    assert "'Low'" in results["case"].failures[0].failure.message


def test_rows_alone(prepared_small, run_all, tmp_path):
    prepared = prepared_small(prediction={"rows": "alone"})
    ranks = "def predict_proba(self, X):\n    p = X['x'].rank(pct=True)\n    return np.column_stack([1 - p, p])"
    bodies = {
        "alone": estimator(more=PROBABILITIES),
        "together": estimator(predict="return (X['x'] > X['x'].mean() + 0.2).astype(int)"),
        "together_in_scores": estimator(more=ranks),
        "single_precision": estimator(
            more="def predict_proba(self, X):\n"
            "    p = 1 / (1 + np.exp(-X['x'] + 1e-8 * len(X)))\n"
            "    return np.column_stack([1 - p, p])"
        ),
    }
    results = run_all(tmp_path, prepared, bodies)
    assert results["alone"].score == 1.0
    assert results["single_precision"].score == 1.0
    for name in ("together", "together_in_scores"):
        failure = results[name].failures[0].failure
        assert failure.type == "bad-output"
        assert "other rows" in failure.message


def test_ranking_by_held_out_rows(prepared_small, run_all, tmp_path):
    prepared = prepared_small(ranking={"by": "heldout", "cluster": "day"})
    body = estimator(predict=f"{ON_HELDOUT[:-1].replace('108', '36')}:\n    return np.ones(len(X), int)\n{PREDICT}")
    result = run_all(tmp_path, prepared, {"ones": body})["ones"]
    truth = prepared.heldout.y[~prepared.public]
    assert result.score == pytest.approx(2 * truth.sum() / (len(truth) + truth.sum()))
    assert result.metrics["f1"] == 1.0
    assert result.statistics.array().sum() == len(truth)
    assert all(pd.Timestamp(day) for day in result.statistics.clusters)


def test_predictions_for_a_submission(prepared_small, make_table, write_solution, entry_of, worker, tmp_path):
    unlabelled = make_table(n=20).drop(columns="target").assign(id=range(20))
    prepared = prepared_small(unlabelled=unlabelled)
    body = estimator(fit="self.n = len(X)", predict="assert self.n == (144 if len(X) == 20 else 108)\n" + PREDICT)
    entry = entry_of(write_solution(tmp_path, "echo", body))
    heldout = predict_submission(prepared, entry, worker, unlabelled=False)
    predicted = predict_submission(prepared, entry, worker, unlabelled=True)
    assert (heldout.values == prepared.heldout.y).all()
    assert (predicted.values == (unlabelled["x"] > 0)).all()


def test_a_failing_solution_writes_no_submission(competition, write_solution, entry_of, worker):
    root, prepared = competition
    entry = entry_of(write_solution(root, "fails", estimator(fit="raise ValueError('no')")))
    with pytest.raises(PodiumError, match=r"fails\.py: error: ValueError: no \(line \d+"):
        predict_submission(prepared, entry, worker, unlabelled=False)


def test_trials_run_in_an_order_that_is_drawn_anew(prepared_small, write_solution, entry_of, worker, tmp_path):
    entries = [entry_of(write_solution(tmp_path, name, estimator())) for name in ("one", "two")]

    class Recorder:
        """Runs nothing and notes what it was to run."""

        jobs = 1
        surroundings = worker.surroundings

        def run(self, works):
            for number, work in works:
                ran.append((work.program, work.order.seed, tuple(work.predict_rows.tolist())))
                yield number, failed("crash", "not run", 0.0)

    prepared, orders = prepared_small(), []
    for _ in range(12):
        ran = []
        assert sum(isinstance(event, TrialEnded) for event in evaluate(prepared, entries, Recorder())) == len(ran) == 6
        # Where rows lie is drawn anew as well; seeds and sizes tell the trials of this competition apart.
        orders.append(tuple((program, seed, len(rows)) for program, seed, rows in ran))
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len(set(orders)) > 1
