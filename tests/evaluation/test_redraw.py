"""A competition drawn anew: what the new draw is, and that solutions which know the labels fall on it."""

from hashlib import sha256

import numpy as np
import pytest

from competition.dataset import ensure_prepared, prepare, read_prepared
from competition.errors import PodiumError
from competition.evaluation.falls import fell
from competition.evaluation.redraw import redraw, redrawn
from competition.repository import Repository

SECRET = 2**127 + 424_242
GENERATOR = """\
import numpy as np
import pandas as pd


def draw(seed, n=400):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    target = (signal + rng.normal(size=n) > 0).astype(int)
    table = {"id": np.arange(n), "at": np.arange(n), "target": target}
    return table | {"a": signal + rng.normal(size=n), "b": signal + rng.normal(size=n)}
"""
LOAD = """

def load(raw, seed):
    return pd.DataFrame(draw(seed))
"""


@pytest.fixture
def synthetic(tmp_path, new_competition):
    """A competition whose table is drawn from the seed: its repository and its rules."""
    repository, definition = new_competition(tmp_path, data={"group": None, "time": None})
    (repository.data(definition.slug) / "dataset.py").write_text(GENERATOR + LOAD)
    return repository, definition


def contents(folder):
    """Every file below a folder, by path."""
    return {path: sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


# --- the new draw ---


def test_redrawn_rules_differ_in_the_seed_alone(small_definition):
    other = redrawn(small_definition, SECRET)
    assert other.competition.seed == SECRET
    assert redrawn(other, 7) == small_definition
    assert small_definition.competition.seed == 7


@pytest.mark.parametrize("seed", [-1, 2**128, 7])
def test_a_seed_that_is_none_or_known_is_refused(small_definition, seed):
    with pytest.raises(PodiumError, match=rf"found {seed}; allowed: 0 to 2\*\*128 - 1, not the committed one"):
        redrawn(small_definition, seed)


FEW_SEEDS = {
    "NumPy's old generator": "np.random.RandomState(seed).rand()",
    "scikit-learn": "__import__('sklearn.datasets').datasets.make_blobs(400, random_state=seed)[1]",
}


@pytest.mark.parametrize("draws", FEW_SEEDS.values(), ids=FEW_SEEDS)
def test_a_generator_of_few_seeds_is_told(synthetic, tmp_path_factory, draws):
    repository, definition = synthetic
    source = GENERATOR + LOAD.replace("(draw(seed))", f"(draw(seed)).assign(c=lambda _: {draws})")
    (repository.data(definition.slug) / "dataset.py").write_text(source)
    expected = (
        r"dataset\.py: load\(\) hands the seed to what takes 32 bits.*; numpy\.random\.default_rng\(seed\) takes it"
    )
    with pytest.raises(PodiumError, match=expected):
        redraw(repository, definition, SECRET, tmp_path_factory.mktemp("redrawn"))


def test_a_new_draw_leaves_the_repository_as_it_is(synthetic, tmp_path_factory):
    repository, definition = synthetic
    ensure_prepared(repository, definition)
    before = contents(repository.root)
    elsewhere = tmp_path_factory.mktemp("redrawn")
    drawn = redraw(repository, definition, SECRET, elsewhere)
    assert {path: digest for path, digest in contents(repository.root).items() if "__pycache__" not in path.parts} == {
        path: digest for path, digest in before.items() if "__pycache__" not in path.parts
    }
    assert Repository(elsewhere).prepared(definition.slug).is_dir()
    committed = read_prepared(repository, definition)
    assert drawn.manifest.data != committed.manifest.data
    assert len(drawn.train.y) == len(committed.train.y)
    assert not drawn.train.X["a"].isin(committed.train.X["a"]).any()


def test_solutions_on_a_new_draw_are_given_the_committed_seed(synthetic, tmp_path_factory):
    repository, definition = synthetic
    drawn = redraw(repository, definition, SECRET, tmp_path_factory.mktemp("redrawn"))
    assert drawn.definition == definition


def test_a_generator_may_read_files_beside_it(synthetic, tmp_path_factory):
    repository, definition = synthetic
    home = repository.data(definition.slug)
    (home / "towns.txt").write_text("3")
    (home / "raw" / "level.txt").write_text("2")
    reads = (
        "    beside = int((Path(__file__).parent / 'towns.txt').read_text())\n"
        "    return pd.DataFrame(draw(seed)).assign(c=beside * int((raw / 'level.txt').read_text()))\n"
    )
    source = GENERATOR + LOAD.replace("    return pd.DataFrame(draw(seed))\n", reads)
    (home / "dataset.py").write_text("from pathlib import Path\n" + source)
    drawn = redraw(repository, definition, SECRET, tmp_path_factory.mktemp("redrawn"))
    assert set(drawn.train.X["c"]) == {6}


LOADED = {
    "a table": "    return pd.read_pickle(raw / 'table.pkl')\n",
    "a table in another order, under other ids": (
        "    table = pd.read_pickle(raw / 'table.pkl').sample(frac=1, random_state=np.random.default_rng(seed))\n"
        "    return table.assign(id=range(len(table)))\n"
    ),
}


@pytest.mark.parametrize("what", LOADED)
def test_data_that_do_not_follow_from_the_seed_cannot_be_redrawn(tmp_path, new_competition, what, tmp_path_factory):
    repository, definition = new_competition(tmp_path)
    module = repository.data(definition.slug) / "dataset.py"
    module.write_text("import numpy as np\nimport pandas as pd\n\n\ndef load(raw, seed):\n" + LOADED[what])
    with pytest.raises(PodiumError, match=r"'small-binary' cannot be drawn anew: .*dataset.py makes the same rows"):
        redraw(repository, definition, SECRET, tmp_path_factory.mktemp("redrawn"))


@pytest.mark.parametrize("line", ["RAW_FILES = ('table.pkl',)", "RAW_FILES: tuple[str, ...] = ('table.pkl',)"])
def test_data_read_from_raw_files_cannot_be_redrawn(synthetic, tmp_path_factory, line):
    repository, definition = synthetic
    module = repository.data(definition.slug) / "dataset.py"
    module.write_text(f"{module.read_text()}\n\n{line}\n")
    elsewhere = tmp_path_factory.mktemp("redrawn")
    with pytest.raises(PodiumError, match=r"^'small-binary' cannot be drawn anew: .*dataset.py reads RAW_FILES;"):
        redraw(repository, definition, SECRET, elsewhere)
    assert list(elsewhere.iterdir()) == []


# --- who falls, through the engine ---

ESTIMATOR = """
import numpy as np


class Estimator:
    def __init__(self, known=None, weights=(1.0, 1.0)):
        self.known, self.weights = known, weights

    def fit(self, X, y):
        self.cut = np.quantile(self.score(X), 1 - y.mean())
        return self

    def score(self, X):
        return self.weights[0] * X["a"].to_numpy() + self.weights[1] * X["b"].to_numpy()

    def predict(self, X):
        if self.known is not None:
            return np.array(self.known)[X["at"].to_numpy()]
        return (self.score(X) > self.cut).astype(int)


def make_estimator(random_state, n_threads):
    return Estimator({arguments})
"""


def test_labels_in_a_solutions_file_are_found_out(synthetic, tmp_path_factory, run_all):
    repository, definition = synthetic
    prepare(repository, definition)
    committed = read_prepared(repository, definition)
    labels = np.zeros(400, dtype=int)
    for labelled in (committed.train, committed.heldout):
        labels[labelled.X["at"]] = labelled.y
    bodies = {
        f"honest_{number}": ESTIMATOR.replace("{arguments}", f"weights={weights}")
        for number, weights in enumerate([(1, 1), (2, 1), (1, 2), (1, 0)])
    }
    bodies["labels_inside"] = ESTIMATOR.replace("{arguments}", f"known={labels.tolist()}")
    # It draws the table from the seed that it is given.
    bodies["generator_inside"] = ESTIMATOR.replace("{arguments}", "known=draw(random_state)['target']") + GENERATOR
    before = run_all(repository.root, committed, bodies)
    drawn = redraw(repository, definition, SECRET, tmp_path_factory.mktemp("redrawn"))
    after = run_all(repository.root, drawn, bodies)
    assert before["labels_inside"].score == before["generator_inside"].score == 1.0
    falls = fell(list(before.values()), list(after.values()), definition)
    assert {fall.name for fall in falls if fall.fell} == {"labels_inside", "generator_inside"}
    assert min(fall.rank for fall in falls if fall.fell) > 4
