"""The built-in data set: what it promises about schema, balance, seasons, geography and difficulty."""

import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from competition.tables import fingerprint

ROOT = Path(__file__).parents[2]
SEED = 20191205
FINGERPRINT = "9b6832f32ac36e69"  # of the published table; scores on the board belong to it
THROUGHPUTS = ["meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL"]
SAMPLED = {"PRBUsageUL": 0.1, "PRBUsageDL": 0.1, "meanUE_DL": 0.01, "meanUE_UL": 0.01}  # steps before 100 / 99
MAXIMA = ["maxUE_DL", "maxUE_UL", "maxUE_UL+DL"]
COUNTERS = ["PRBUsageUL", "PRBUsageDL", *THROUGHPUTS, "meanUE_DL", "meanUE_UL", *MAXIMA]


@pytest.fixture(scope="module")
def dataset() -> ModuleType:
    path = ROOT / "data" / "cellular-anomaly" / "dataset.py"
    spec = importlib.util.spec_from_file_location("cellular_anomaly_dataset", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def draw(dataset: ModuleType) -> Callable[[int], pd.DataFrame]:
    """Draw a table, each but once."""
    return cache(lambda seed: dataset.load(Path("raw"), seed))


@pytest.fixture(scope="module")
def table(draw: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
    return draw(SEED)


def test_schema(table: pd.DataFrame) -> None:
    assert list(table.columns) == ["id", "timestamp", "Time", "CellName", *COUNTERS, "Unusual"]
    assert table["timestamp"].dtype == "datetime64[ns]"
    assert all(pd.api.types.is_string_dtype(table[name]) for name in ("Time", "CellName"))
    assert all(table[name].dtype == np.float64 for name in COUNTERS)
    assert table["id"].dtype == np.int64
    assert table["Unusual"].dtype == np.int64
    assert set(table["Unusual"]) == {0, 1}
    assert sorted(table["id"]) == list(range(len(table)))
    assert table["CellName"].map(lambda name: bool(re.fullmatch(r"\d+[A-Z]LTE", name))).all()
    assert (table[COUNTERS].nunique() > 5).all()


def test_same_seed_same_table_other_seed_other_table(
    dataset: ModuleType, table: pd.DataFrame, draw: Callable[[int], pd.DataFrame]
) -> None:
    pd.testing.assert_frame_equal(dataset.load(Path("elsewhere"), SEED), table)
    other = draw(SEED + 1)
    assert not other["id"].equals(table["id"])
    assert not other["Unusual"].equals(table["Unusual"])
    assert not other["PRBUsageDL"].equals(table["PRBUsageDL"])


@pytest.mark.parametrize("seed", [SEED, SEED + 1, 0, 1])
def test_unusual_rows_are_8_to_15_percent_everywhere(draw: Callable[[int], pd.DataFrame], seed: int) -> None:
    drawn = draw(seed)
    day = (drawn["timestamp"] - drawn["timestamp"].min()).dt.days
    last = day >= 47
    for part in (drawn, drawn[~last], drawn[last]):
        assert 0.08 <= part["Unusual"].mean() <= 0.15


def test_each_series_has_every_half_hour(table: pd.DataFrame) -> None:
    whole = pd.date_range(table["timestamp"].min(), periods=9 * 7 * 48, freq="30min")
    assert table["CellName"].nunique() == 12
    for _, series in table.groupby("CellName"):
        assert series["timestamp"].tolist() == whole.tolist()
    written = table["timestamp"].map(lambda t: f"{t.hour}:{t.minute:02d}")
    assert (table["Time"] == written).all()


def test_ranges(table: pd.DataFrame) -> None:
    assert (table[COUNTERS].min() >= 0).all()
    assert (table[["PRBUsageUL", "PRBUsageDL"]].max() <= 100).all()
    counted = table.dropna()
    assert (counted["maxUE_DL"] + counted["maxUE_UL"] == counted["maxUE_UL+DL"]).all()
    assert (counted[MAXIMA] % 1 == 0).all(axis=None)
    assert (table["maxThr_DL"] >= table["meanThr_DL"]).mean() > 0.999  # the soft limit may bend a maximum
    assert table["maxThr_UL"].skew() > 3


def test_missing_counters_tell_nothing_about_the_label(table: pd.DataFrame) -> None:
    missing = table["maxUE_DL"].isna()
    assert 0.001 < missing.mean() < 0.005
    assert (table.loc[missing, ["meanUE_DL", "meanUE_UL", *MAXIMA]].fillna(0) == 0).all(axis=None)
    assert table.drop(columns=MAXIMA).notna().all(axis=None)
    assert chi2_contingency(pd.crosstab(missing, table["Unusual"])).pvalue > 0.01


def test_id_tells_nothing_about_the_label(table: pd.DataFrame) -> None:
    ordered = table.sort_values("id")["Unusual"].to_numpy()
    shares = np.array([block.mean() for block in np.array_split(ordered, 20)])
    assert abs(np.corrcoef(table["id"], table["Unusual"])[0, 1]) < 0.02
    assert shares.std() < 2 * ordered.std() / np.sqrt(len(ordered) / 20)


def test_both_classes_lie_on_the_same_lattice(table: pd.DataFrame) -> None:
    for _, rows in table.groupby("Unusual"):
        for name, step in SAMPLED.items():
            steps = np.round(rows[name] / step * 0.99)
            np.testing.assert_allclose(rows[name], np.round(steps * step / 0.99, 3), atol=1e-12)
        for name in THROUGHPUTS:
            np.testing.assert_allclose(rows[name], rows[name].round(3), atol=1e-12)
    for name in THROUGHPUTS:
        digit = (table[name] * 1000).round() % 10
        share = digit.groupby(table["Unusual"]).value_counts(normalize=True).unstack()
        assert (share.loc[0] - share.loc[1]).abs().max() < 0.06  # small values crowd the low digits a little


def test_sectors_of_a_site_move_together(table: pd.DataFrame) -> None:
    users = table.pivot(index="timestamp", columns="CellName", values="meanUE_DL")
    level = np.log(users.where(users > 0) - 0.9).interpolate()
    usual = level.groupby(level.index.strftime("%w %H:%M")).transform("median")
    together = (level - usual).corr().to_numpy()
    site = users.columns.str[:-4].to_numpy()
    same = (site[:, None] == site) & ~np.eye(len(site), dtype=bool)
    far = (site[:, None] == "1") & (site == "5")
    assert together[same].mean() > 0.3
    assert together[same].mean() > together[far].mean() + 0.2


def test_days_and_weeks_have_their_seasons(table: pd.DataFrame) -> None:
    business = table[table["CellName"].str.startswith("1")]
    by_hour = business.groupby([business["timestamp"].dt.day_of_week < 5, business["timestamp"].dt.hour])["PRBUsageDL"]
    level = by_hour.median()
    assert level[True, 11] > 3 * level[True, 3]
    assert level[True, 11] > 1.3 * level[False, 11]


def test_the_calendar_alone_does_not_decide(table: pd.DataFrame) -> None:
    calendar = [table["timestamp"].dt.day_of_week, table["Time"], table["CellName"]]
    early = table["timestamp"] < table["timestamp"].min() + pd.Timedelta(days=32)
    share = table[early].groupby([key[early] for key in calendar])["Unusual"].mean()
    guess = pd.MultiIndex.from_arrays([key[~early] for key in calendar]).map(share.to_dict())
    assert average_precision_score(table.loc[~early, "Unusual"], np.asarray(guess, dtype=float)) < 0.3


def test_context_beats_rows(table: pd.DataFrame) -> None:
    """A cell's usual level, its hours around and its site say more than the counters of one row."""
    rows = table[COUNTERS].assign(hour=table["timestamp"].dt.hour, cell=table["CellName"].astype("category").cat.codes)
    day = (table["timestamp"] - table["timestamp"].min()).dt.days
    train, valid, labels = (day < 32), (day >= 33) & (day < 47), table["Unusual"]

    def score(model, features: pd.DataFrame) -> float:
        model.fit(features[train], labels[train])
        return average_precision_score(labels[valid], model.predict_proba(features[valid])[:, 1])

    linear = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=500))
    trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0)
    logistic, rowwise = score(linear, table[COUNTERS]), score(trees, rows)
    context = score(trees, rows.join(surroundings(table, train)))
    assert logistic + 0.05 < rowwise
    assert rowwise + 0.1 < context < 0.97


def test_the_table_is_the_published_one(table: pd.DataFrame) -> None:
    assert fingerprint(table) == FINGERPRINT


def surroundings(table: pd.DataFrame, train: pd.Series) -> pd.DataFrame:
    """Deviations from the usual level learned on train rows, averaged over five half hours, by cell and site."""
    season = [table["CellName"], table["timestamp"].dt.day_of_week >= 5, table["Time"]]
    level = np.log(table[["PRBUsageUL", "PRBUsageDL", "meanUE_DL", "meanUE_UL"]].clip(lower=0.1) - 0.05)
    usual = level[train].groupby([key[train] for key in season]).median()
    away = level - usual.reindex(pd.MultiIndex.from_arrays(season)).to_numpy()
    site = table["CellName"].str[:-4]
    near = away.groupby([table["timestamp"], site]).transform("mean")
    smooth = [part.groupby(table["CellName"]).transform(lambda s: s.rolling(5, center=True, min_periods=1).mean())
              for part in (away, near)]  # fmt: skip
    return smooth[0].add_prefix("cell ").join(smooth[1].add_prefix("site "))
