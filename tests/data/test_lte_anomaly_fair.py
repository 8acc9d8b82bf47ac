"""`data/lte-anomaly-fair/`: the factors are gone, no label is looked at, and slots stay on one side of every split."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from competition.dataset import prepare, read_prepared
from competition.definition import read_competition
from competition.errors import PodiumError
from competition.manifest import state
from competition.repository import Repository

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = REPOSITORY / "data" / "lte-anomaly-fair"
PUBLISHED = REPOSITORY / "data" / "lte-anomaly"
TRAIN = "ML-MATT-CompetitionQT1920_train.csv"
FACTORS = {0: 1.0105, 1: 0.995}  # by label, as the published file has them
STEPS = {"PRBUsageUL": 0.1, "PRBUsageDL": 0.1, "meanUE_DL": 0.01, "meanUE_UL": 0.01}
THROUGHPUTS = ["meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
MAXIMA = ["maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]


def import_from(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("lte_anomaly_fair_dataset", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DATASET = import_from(HOME / "dataset.py")


def published(steps: np.ndarray, digits: np.ndarray, label: np.ndarray) -> pd.DataFrame:
    """What the file would hold of true values: multiplied by the label's factor, rounded to three decimals."""
    factor = np.where(label == 1, FACTORS[1], FACTORS[0])
    table = pd.DataFrame({"Id": np.arange(1, len(label) + 1), "Time": "9:45", "CellName": "3ALTE"})
    for column, (name, step) in enumerate(STEPS.items()):
        table[name] = np.round(steps[:, column] * step * factor, 3)
    for column, name in enumerate(THROUGHPUTS):
        # Half goes up in the file
        table[name] = np.floor(digits[:, column] * factor + 0.5 + 1e-9) / 1000
    for name in MAXIMA:
        table[name] = 2.0
    return table.assign(Unusual=label)


def counts(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Multiples of the steps, at least one of them large enough to tell the factors apart, and thousandths."""
    steps = rng.integers(0, 400, (n, 4))
    steps[:, 0] = rng.integers(2, 500, n)
    return steps, rng.integers(0, 140_000, (n, 4))


# --- the transformation -----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_label_leaves_no_trace(seed: int) -> None:
    steps, digits = counts(np.random.default_rng(seed), 200)
    zeros, ones = (DATASET.without_factors(published(steps, digits, np.full(200, label))) for label in (0, 1))
    pd.testing.assert_frame_equal(zeros.drop(columns="Unusual"), ones.drop(columns="Unusual"), check_exact=True)


@given(st.integers(0, 2**32 - 1))
def test_values_are_those_before_the_factor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps, digits = counts(rng, 200)
    fair = DATASET.without_factors(published(steps, digits, rng.integers(0, 2, 200)))
    for column, (name, step) in enumerate(STEPS.items()):
        np.testing.assert_allclose(fair[name], steps[:, column] * step, atol=1e-9)
    for column, name in enumerate(THROUGHPUTS):
        np.testing.assert_allclose(fair[name], digits[:, column] / 1000, atol=0.001 + 1e-9)


def test_labels_are_not_looked_at() -> None:
    rng = np.random.default_rng(1)
    table = published(*counts(rng, 100), rng.integers(0, 2, 100))
    fair = DATASET.without_factors(table)
    without = DATASET.without_factors(table.drop(columns="Unusual"))
    pd.testing.assert_frame_equal(fair.drop(columns="Unusual"), without, check_exact=True)


def test_what_one_factor_merges_is_merged_everywhere() -> None:
    digits = np.arange(100_000.0)
    merged = DATASET.merged(digits)
    assert np.flatnonzero(merged != digits).tolist() == list(range(100, 100_000, 200))
    np.testing.assert_array_equal(DATASET.merged(merged), merged)


def test_row_that_fits_both_factors_keeps_its_values() -> None:
    steps, digits = np.zeros((1, 4), dtype=int), np.array([[20, 7, 262, 164]])
    table = published(steps, digits, np.array([1]))
    assert DATASET.factors(table).tolist() == [1.0]
    fair = DATASET.without_factors(table)
    assert fair[THROUGHPUTS].to_numpy().tolist() == table[THROUGHPUTS].to_numpy().tolist()


def test_row_without_a_factor_is_refused() -> None:
    table = published(*counts(np.random.default_rng(2), 5), np.zeros(5, dtype=int))
    table.loc[3, "PRBUsageUL"] = 0.153
    with pytest.raises(ValueError, match=r"^ML-MATT.*: row 4 carries neither 1.0105 nor 0.995: not Kaggle's file$"):
        DATASET.without_factors(table)


# --- files ------------------------------------------------------------------------------------------------------------


def write_csv(folder: Path, n_slots: int = 30) -> Path:
    """A labelled file of `n_slots` slots of eight rows each."""
    rng = np.random.default_rng(3)
    n = 8 * n_slots
    table = published(*counts(rng, n), (np.arange(n) % 8 < 2).astype(int))
    slot = np.arange(n) // 8
    table["Time"] = [f"{number // 4}:{15 * (number % 4):02d}" for number in slot]
    folder.mkdir(parents=True, exist_ok=True)
    table.drop(columns="Id").sample(frac=1, random_state=4).to_csv(folder / TRAIN, index=False)
    return folder


def test_loads_columns_and_slots(tmp_path: Path) -> None:
    table = DATASET.load(write_csv(tmp_path), seed=1)
    assert list(table.columns) == [
        *("Id", "Time", "CellName", "PRBUsageUL", "PRBUsageDL", *THROUGHPUTS),
        *("meanUE_DL", "meanUE_UL", *MAXIMA, "Unusual", "Slot"),
    ]
    assert (table["Slot"] == table["CellName"] + " " + table["Time"]).all()
    assert table["Slot"].nunique() == 30


def test_absent_file_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        DATASET.load(tmp_path, seed=1)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for part in (TRAIN, str(tmp_path), "podium prepare lte-anomaly-fair --raw DIR", "data/lte-anomaly/README.md"):
        assert part in message


def test_bad_file_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / TRAIN).write_text("Time,CellName\n9:45,3ALTE\n")
    with pytest.raises(PodiumError, match=f"^{TRAIN}: line 1: missing column 'PRBUsageUL'") as caught:
        DATASET.load(tmp_path, seed=1)
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with both editions' folders and nothing else."""
    for home in (HOME, PUBLISHED):
        copy = tmp_path / "data" / home.name
        copy.mkdir(parents=True)
        for name in ("competition.toml", "dataset.py"):
            (copy / name).write_bytes((home / name).read_bytes())
    (tmp_path / "pyproject.toml").write_text("[tool.podium]\n")
    return Repository(tmp_path)


def test_finds_the_published_editions_file(repository: Repository) -> None:
    home, neighbour = repository.data("lte-anomaly-fair"), repository.data("lte-anomaly")
    module = import_from(home / "dataset.py")
    with pytest.raises(FileNotFoundError) as caught:
        module.load(home / "raw", seed=1)
    assert str(neighbour / "raw") in str(caught.value)
    write_csv(neighbour / "raw")
    assert len(module.load(home / "raw", seed=1)) == 240
    with pytest.raises(FileNotFoundError):  # a folder that was named is the one that is meant
        module.load(home / "elsewhere", seed=1)


def test_a_change_of_the_published_editions_reader_makes_the_data_stale(repository: Repository) -> None:
    definition = read_competition(repository.data("lte-anomaly-fair") / "competition.toml")
    write_csv(repository.data("lte-anomaly") / "raw")
    prepare(repository, definition)
    assert state(repository, definition) == "prepared"
    reader = repository.data("lte-anomaly") / "dataset.py"
    before = reader.read_text()
    reader.write_text(before + "\n")
    assert state(repository, definition) == "stale"
    reader.write_text(before)
    os.utime(repository.data("lte-anomaly") / "raw" / TRAIN, (1, 1))
    assert state(repository, definition) == "stale"


# --- the split --------------------------------------------------------------------------------------------------------


def test_slots_stay_together_and_unseen(repository: Repository, tmp_path: Path) -> None:
    definition = read_competition(repository.data("lte-anomaly-fair") / "competition.toml")
    prepare(repository, definition, raw=write_csv(tmp_path / "raw"))
    prepared = read_prepared(repository, definition)
    assert "Slot" not in prepared.train.X.columns
    assert prepared.unlabelled is None
    slots = [(part.X["CellName"] + " " + part.X["Time"]).to_numpy() for part in (prepared.train, prepared.heldout)]
    assert not set(slots[0]) & set(slots[1])
    assert not set(slots[1][prepared.public]) & set(slots[1][~prepared.public])
    for fold in prepared.folds:
        assert not set(slots[0][fold.train]) & set(slots[0][fold.valid])


# --- Kaggle's own file ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> Path:
    """Folder of the real file; it may not be redistributed, so most machines do not have it."""
    named = os.environ.get("PODIUM_LTE_RAW")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "lte"
    if not (folder / TRAIN).is_file():
        pytest.skip(f"Kaggle's file is not in {folder}; set PODIUM_LTE_RAW to its folder")
    return folder


def test_real_rows(raw: Path) -> None:
    before = import_from(PUBLISHED / "dataset.py").load(raw, seed=1)
    after = DATASET.load(raw, seed=1)
    assert len(after) == 36_904
    assert after["Slot"].nunique() == 33 * 96
    assert (DATASET.factors(before) == 1).sum() == 1
    kept = ["Id", "Time", "CellName", *MAXIMA, "Unusual"]
    pd.testing.assert_frame_equal(before[kept], after[kept])

    def nearer_to_the_factor_of_0(table: pd.DataFrame, name: str) -> np.ndarray:
        values = table[name].to_numpy()
        off = [np.abs(values - factor * np.rint(values / factor)) for factor in np.multiply([1.0105, 0.995], 0.1)]
        return off[0] - off[1]

    for name in ("PRBUsageUL", "PRBUsageDL"):
        auc = [roc_auc_score(table["Unusual"], nearer_to_the_factor_of_0(table, name)) for table in (before, after)]
        assert auc[0] > 0.98
        assert 0.44 < auc[1] < 0.56
    for name in THROUGHPUTS:
        missing = [
            set(range(200)) - set((np.rint(1000 * after.loc[of_class, name]) % 200).astype(int))
            for of_class in (after["Unusual"] == 0, after["Unusual"] == 1)
        ]
        assert 100 in missing[0] & missing[1]
