"""A sealed competition from end to end, at its organiser's and at a contributor's."""

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.dataset import read_prepared
from competition.definition import read_competition
from competition.evaluation.sandbox.levels import Level
from competition.feedback.answers import read_answer_key
from competition.feedback.ledger import opened
from competition.feedback.published import read_published
from competition.repository import Repository
from competition.vault import require_vault

Podium = Callable[..., tuple[int, str, str]]
SLUG = "churn"
DIGITS = 6  # of a score by which it is known
SOLUTION = '''\
# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn"]
# [tool.podium]
# title = "Ridge"
# authors = ["Ada L."]
# ///
"""Linear."""

from sklearn.linear_model import RidgeClassifier


def make_estimator(random_state, n_threads):
    return RidgeClassifier()
'''


@pytest.fixture
def organiser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, podium: Podium) -> Repository:
    """A sealed competition that is prepared, its key named by the environment."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(800, 3))
    table = pd.DataFrame(x, columns=["a", "b", "c"]).assign(left=(x[:, 0] + rng.normal(size=800) > 0.3).astype(int))
    # The order of the lines is that of the labels, as in many files.
    table.sort_values("left").to_csv(tmp_path / "churn.csv", index=False)
    monkeypatch.setenv("PODIUM_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("COLUMNS", "200")
    assert podium("new", "repository", tmp_path / "class")[0] == 0
    monkeypatch.chdir(tmp_path / "class")
    made = podium("new", "competition", SLUG, "--data", tmp_path / "churn.csv", "--target", "left", "--sealed")
    assert made[0] == 0, made
    (tmp_path / "class" / "solutions" / SLUG / "boosted_trees.py").unlink()
    (tmp_path / "class" / "solutions" / SLUG / "ridge.py").write_text(SOLUTION)
    rules = tmp_path / "class" / "data" / SLUG / "competition.toml"
    quick = rules.read_text().replace("n_splits = 5", "n_splits = 2").replace("[ranking]", "[ranking]\nn_seeds = 1")
    rules.write_text(quick)
    made = podium("prepare", SLUG)
    assert made[0] == 0, made
    return Repository.find()


def submission(repository: Repository, path: Path, slope: float) -> Path:
    rows = pd.read_parquet(repository.prepared(SLUG) / "public" / "heldout.parquet")
    noise = np.random.default_rng(1).normal(size=len(rows))
    pd.DataFrame({"id": rows["id"], "left": (slope * rows["a"] + noise > 0.3).astype(int)}).to_csv(path, index=False)
    return path


def secrets_of(repository: Repository, keys: Path) -> dict[str, bytes]:
    """Every score of the held-out rows of what was handed in, by its first digits and as a double."""
    definition = read_competition(repository.data(SLUG) / "competition.toml")
    vault = require_vault(repository, SLUG, keys)
    answers = read_answer_key(vault, read_prepared(repository, definition))
    with opened(vault) as books:
        fingerprints = {look.predictions for look in books.read(answers.prepared.manifest.key or "").looks}
        scores = [answers.final_scores(books.get(one)) for one in fingerprints]
    found = {value for one in scores for value in one.values() if value is not None and len(repr(value)) > DIGITS + 4}
    assert len(found) > 10
    return {repr(value)[: DIGITS + 2]: struct.pack("<d", value) for value in found}


def told(secrets: dict[str, bytes], content: bytes) -> Iterator[str]:
    for text, double in secrets.items():
        if text.encode() in content or double in content:
            yield text


def leaks(secrets: dict[str, bytes], root: Path) -> dict[str, list[str]]:
    """Which of the scores stand in which file."""
    found = {
        path.relative_to(root).as_posix(): list(told(secrets, path.read_bytes()))
        for path in root.rglob("*")
        if path.is_file()
    }
    return {name: texts for name, texts in found.items() if texts}


@pytest.mark.slow
def test_no_file_and_no_output_tells_a_sealed_score_before_closing(
    organiser: Repository, tmp_path: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch, strongest: Level
) -> None:
    if strongest == "none":
        pytest.skip("nothing is isolated here, and no solution is run beside a key")
    keys, outputs = tmp_path / "keys", []

    def run(*args: object) -> str:
        code, out, err = podium(*args)
        outputs.append(out + err)
        assert code == 0, err
        return out + err

    assert "ridge: public F1 0." in run("run", SLUG, "--jobs", 1, "--record")
    assert "look" not in run("run", SLUG, "--record").split("Looks at")[0]  # nothing is new
    good, bad = (
        submission(organiser, tmp_path / f"{name}.csv", slope) for name, slope in (("good", 2.0), ("bad", 0.1))
    )
    assert "(look 1 of Bob)" in run("score", SLUG, bad, "--author", "Bob")
    assert '"Bob": 2' in run("score", SLUG, good, "--author", "Bob", "--json")
    assert "stays" in run("score", SLUG, bad, "--author", "Bob", "--author", "Eve")
    shown = " ".join(run("leaderboard", SLUG).split())
    assert "The answer key is sealed until the competition is closed" in shown
    for command in (("leaderboard", SLUG, "--record"), ("leaderboard", SLUG, "--json"), ("list",), ("prepare", SLUG)):
        run(*command)
    run("site", "-o", "site")

    secrets = secrets_of(organiser, keys)
    assert leaks(secrets, organiser.root) == {}
    assert list(told(secrets, "\n".join(outputs).encode())) == []
    board = pd.read_csv(organiser.leaderboard(SLUG) / "leaderboard.csv")
    assert board["f1_heldout_private"].isna().all()

    # A contributor has the repository without the key, and the same cross-validation.
    clone = tmp_path / "clone"
    shutil.copytree(organiser.root, clone, ignore=shutil.ignore_patterns(".podium", "leaderboard", "site"))
    with monkeypatch.context() as elsewhere:
        elsewhere.delenv("PODIUM_KEYS")
        elsewhere.chdir(clone)
        assert "sealed" in run("run", SLUG, "ridge", "--jobs", 1)
        for args, message in (
            (("score", SLUG, good, "--author", "Ada"), "podium: the answer key of 'churn' is sealed, and only its"),
            (("close", SLUG), "podium: the answer key of 'churn' is sealed, and only its organiser has it; --keys DIR"),
            (("prepare", SLUG), "podium: the key of 'churn' is sealed, so that only its organiser prepares the data"),
        ):
            code, out, err = podium(*args)
            assert (code, out, err.count("\n")) == (2, "", 1)
            assert err.startswith(message)
        assert "the key is not here" in run("run", SLUG, "ridge", "--record")
    ridge = pd.read_csv(clone / "leaderboard" / SLUG / "leaderboard.csv").set_index("solution")["f1"]["ridge"]
    assert ridge == board.set_index("solution")["f1"]["ridge"]

    # The same search finds them once it is closed.
    shown = run("close", SLUG)
    assert "Closed on " in shown
    assert "Kendall's tau" in shown
    assert set(leaks(secrets, organiser.root)) >= {
        f"leaderboard/{SLUG}/closed.json",
        f"leaderboard/{SLUG}/leaderboard.csv",
    }
    assert "Closed on" in (organiser.leaderboard(SLUG) / "README.md").read_text()
    closed = read_published(organiser, SLUG).closed
    assert closed is not None
    # Eve came with Bob: the two together are a team of their own.
    assert sorted(final.title for final in closed.finals) == [
        "Bob (good.csv)",
        "Bob, Eve (bad.csv)",
        "constant",
        "ridge",
    ]
    assert podium("close", SLUG)[:2] == (0, shown.split("wrote leaderboard")[0])
    code, _, err = podium("score", SLUG, good, "--author", "Ada")
    assert (code, "was closed on" in err) == (2, True)
    assert "what came after it has no held-out scores" in run("run", SLUG, "--record")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("score", SLUG, "{file}"), "whose is it?; --author NAME counts the look"),
        (("submit", SLUG, "ridge", "--rows", "unlabelled", "-o", "x.csv"), "has no unlabelled rows"),
        (("run", SLUG, "--isolation", "none"), "solutions are not isolated here, and could read the key of 'churn'"),
        (("verify", SLUG, "--redraw"), "podium: --redraw"),
        (("close", "example"), "the answer key of 'example' is open, so that there is nothing to close"),
        (("score", "example", "{file}", "--author", "Ada"), "the key of 'example' is open, so that nobody's looks"),
        (("prepare", SLUG, "--keys", "keys"), "--keys: keys lies in the repository"),
    ],
)
def test_what_is_refused_is_told_in_one_line(
    organiser: Repository, tmp_path: Path, podium: Podium, args: tuple[str, ...], message: str
) -> None:
    file = submission(organiser, tmp_path / "file.csv", 1.0)
    code, out, err = podium(*(part.format(file=file) for part in args))
    last = err.splitlines()[-1]
    assert (code, out) == (2, "")
    assert message in last
    assert last.startswith("podium: ")
