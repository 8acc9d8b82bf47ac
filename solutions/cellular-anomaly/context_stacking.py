# /// script
# requires-python = ">=3.11"
# dependencies = ["catboost", "lightgbm", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Context, then a second look at the neighbours' probabilities"
# authors = ["Podium"]
# tags = ["gradient-boosting", "context", "stacking", "threshold"]
# columns = ["timestamp"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Events last for hours and cover neighbours, so what a model thinks of the rows around is evidence as well.

CatBoost on context features (deviations from the cell's usual values over windows of time, its site, the other sites)
gives each row a first probability, made out of fold on blocks of days. LightGBM then sees the same features and, beside
them, the first probabilities of the hours before and after, of the site's sectors and of every other cell.
"""

import warnings

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

# Added before the logarithm: with it a counter's noise is about even over its range.
OFFSETS = {
    "PRBUsageUL": 0.1,
    "PRBUsageDL": -0.3,
    "meanThr_DL": 0.01,
    "meanThr_UL": 0.002,
    "maxThr_DL": 0.1,
    "maxThr_UL": 0.02,
    "meanUE_DL": -0.985,
    "meanUE_UL": -0.985,
    "maxUE_DL": 0.5,
    "maxUE_UL": 0.5,
}
PRB_UL, PRB_DL, THR_DL, THR_UL = range(4)
USERS = slice(6, 10)
DAY = 48  # half hours
WINDOWS = ((-1, 1), (-2, 2), (-4, 4), (-10, 10), (-24, 24), (-3, -1), (1, 3), (-8, -1), (1, 8))
EMBARGO = np.timedelta64(6, "h")


def make_estimator(random_state: int, n_threads: int) -> "ContextStack":
    return ContextStack(random_state=random_state, n_threads=n_threads)


class ContextStack(ClassifierMixin, BaseEstimator):
    """CatBoost, then LightGBM on its probabilities around each row; the threshold maximises F1 over blocks of days."""

    def __init__(self, random_state: int = 0, n_threads: int = 1):
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "ContextStack":
        """Make first probabilities out of fold, then fit the second model and its threshold on them."""
        self.classes_ = np.unique(y)
        folds = day_blocks(X, 3)
        first = np.empty(len(X))
        for train, valid in folds:
            context = Context().fit(X.iloc[train], y[train])
            model = self._first().fit(context.transform(X.iloc[train]), y[train])
            first[valid] = model.predict_proba(context.transform(X.iloc[valid]))[:, 1]
        self.context_ = Context().fit(X, y)
        features = self.context_.transform(X)
        self.first_ = self._first().fit(features, y)
        both = np.column_stack([features, self.context_.transform_probability(X, first)])
        second = np.empty(len(X))
        for train, valid in folds:
            second[valid] = self._second().fit(both[train], y[train]).predict_proba(both[valid])[:, 1]
        self.threshold_ = best_threshold(y, second)
        self.second_ = self._second().fit(both, y)
        return self

    def _first(self) -> CatBoostClassifier:
        return CatBoostClassifier(
            iterations=130,
            learning_rate=0.14,
            depth=6,
            border_count=64,
            rsm=0.3,
            random_seed=self.random_state,
            thread_count=self.n_threads,
            verbose=0,
            allow_writing_files=False,
        )

    def _second(self) -> LGBMClassifier:
        return LGBMClassifier(
            n_estimators=240,
            learning_rate=0.07,
            extra_trees=True,
            num_leaves=15,
            min_child_samples=60,
            reg_lambda=10,
            colsample_bytree=0.25,
            subsample=0.7,
            subsample_freq=1,
            random_state=self.random_state,
            n_jobs=self.n_threads,
            verbose=-1,
        )

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of both classes."""
        features = self.context_.transform(X)
        first = self.first_.predict_proba(features)[:, 1]
        return self.second_.predict_proba(np.column_stack([features, self.context_.transform_probability(X, first)]))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return 1 where the probability reaches the threshold."""
        return (self.predict_proba(X)[:, 1] >= self.threshold_).astype(int)


class Context:
    """Features of a row from its cell's usual values, its hours around, its site and the other sites."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Context":
        """Learn the usual value of each counter, and how much each tells of the users that all depend on."""
        self.cells = np.unique(X["CellName"].to_numpy(str))
        site = np.array([name[:-4] for name in self.cells])  # the sector's letter and LTE removed
        self.sites, self.site_of = np.unique(site, return_inverse=True)
        values = np.where((y == 1)[:, None], np.nan, logarithms(X))
        cube, start, _, _ = self._cube(X, values)
        slots = slots_of_week(start, len(cube))
        mean = np.stack([quiet_mean(cube[slots == slot], 0) for slot in range(2 * DAY)])
        self.usual = smooth_over_day(mean)
        fast = cube - self.usual[slots]
        fast = (fast - moving_mean(fast, -4, 4)).reshape(-1, fast.shape[2])
        noise = np.cov(fast[~np.isnan(fast).any(axis=1)].T) + 1e-3 * np.eye(fast.shape[1])
        weights = np.clip(np.linalg.solve(noise, np.ones(len(noise))), 0, None)
        self.weights = weights / weights.sum()
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Return one row of features for each row of X, in the same order."""
        cube, start, step, cell = self._cube(X, logarithms(X))
        slots = slots_of_week(start, len(cube))
        away = cube - self.usual[slots]
        level = self._level(away)
        features = [cell[:, None], slots[step][:, None], cube[step, cell], away[step, cell]]
        features += self._windows(level, step, cell)
        features += self._neighbours(level, step)
        features += self._ratios(away, level, step, cell)
        return np.column_stack(features)

    def transform_probability(self, X: pd.DataFrame, probability: np.ndarray) -> np.ndarray:
        """Return what the first model thinks of the row's cell, site and all other cells, now and around."""
        clipped = np.clip(probability, 0.003, 0.997)
        cube, _, step, cell = self._cube(X, np.log(clipped / (1 - clipped))[:, None])
        own = cube[:, :, 0]
        sites = self._by_site(own)
        near = sites[:, self.site_of]
        windows = ((-1, 1), (-2, 2), (-4, 4), (-8, 8), (-2, -1), (1, 2), (-5, -1), (1, 5))
        grids = [own, near] + [moving_mean(grid, a, b) for a, b in windows for grid in (own, near)]
        grids += [shifted(grid, lag) for lag in (-3, -2, -1, 1, 2, 3) for grid in (own, near)]
        everywhere = [own, moving_mean(own, -2, 2), moving_mean(sites, -1, 1), np.sort(sites, axis=1)]
        return np.column_stack([grid[step, cell] for grid in grids] + [grid[step] for grid in everywhere])

    def _cube(self, X: pd.DataFrame, values: np.ndarray) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
        """Lay rows out as time x cell x counter, NaN where there is no row; and where each row went."""
        time = X["timestamp"].to_numpy().astype("datetime64[m]").astype(np.int64) // 30
        cell = np.searchsorted(self.cells, X["CellName"].to_numpy(str))
        start = int(time.min())
        cube = np.full((int(time.max()) - start + 1, len(self.cells), values.shape[1]), np.nan)
        cube[time - start, cell] = values
        return cube, start, time - start, cell

    def _level(self, away: np.ndarray) -> np.ndarray:
        """Best guess of how many users more than usual there are (log ratio): counters weighted by precision."""
        weights = self.weights * ~np.isnan(away)
        total = weights.sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, (np.nan_to_num(away) * weights).sum(axis=2) / total, np.nan)

    def _by_site(self, grid: np.ndarray) -> np.ndarray:
        return np.stack([quiet_mean(grid[:, self.site_of == i], 1) for i in range(len(self.sites))], axis=1)

    def _windows(self, level: np.ndarray, step: np.ndarray, cell: np.ndarray) -> list[np.ndarray]:
        """Collect the level of the cell and of its site over windows around, before and after the moment."""
        site = self._by_site(level)[:, self.site_of]
        around = moving_mean(site, -1, 1)
        grids = [level, site] + [moving_mean(grid, a, b) for a, b in WINDOWS for grid in (level, site)]
        grids += [shifted(around, lag) for lag in (-4, -2, 2, 4)]
        grids += [moving_mean(grid, -2, 2) - aside(grid) for grid in (level, site)]
        return [grid[step, cell][:, None] for grid in grids]

    def _neighbours(self, level: np.ndarray, step: np.ndarray) -> list[np.ndarray]:
        """Collect the level of all cells and all sites at the moment, and of the sites hours before and after."""
        site = self._by_site(level)
        now, around = moving_mean(site, -2, 2), moving_mean(site, -1, 1)
        city = moving_mean(quiet_mean(now, 1)[:, None], -12, 12)
        grids = [moving_mean(level, -2, 2), now, now - aside(site), city]
        grids += [shifted(around, lag) for lag in (-6, -3, 3, 6)]
        return [grid[step] for grid in grids]

    def _ratios(self, away: np.ndarray, level: np.ndarray, step: np.ndarray, cell: np.ndarray) -> list[np.ndarray]:
        """Collect what kinds of event change: uplink to downlink, blocks to bits, bits to users."""
        uplink = away[:, :, [PRB_UL, THR_UL]].mean(axis=2) - away[:, :, [PRB_DL, THR_DL]].mean(axis=2)
        effort = away[:, :, [PRB_UL, PRB_DL]].mean(axis=2) - away[:, :, [THR_DL, THR_UL]].mean(axis=2)
        rate = away[:, :, THR_DL] - level
        collected = []
        for ratio in (uplink, effort, rate):
            site = self._by_site(ratio)
            for half in (2, 5):
                collected.append(moving_mean(ratio, -half, half)[step, cell][:, None])
                collected.append(moving_mean(site[:, self.site_of], -half, half)[step, cell][:, None])
            collected.append(moving_mean(site, -3, 3)[step])
        return collected


def logarithms(X: pd.DataFrame) -> np.ndarray:
    """Return counters on a logarithmic scale; user counters that failed are NaN, not 0."""
    raw = X[list(OFFSETS)].to_numpy(dtype=float) + np.array(list(OFFSETS.values()))
    values = np.log(np.maximum(raw, 1e-3))
    values[X["maxUE_DL"].isna().to_numpy(), USERS] = np.nan
    return values


def slots_of_week(start: int, length: int) -> np.ndarray:
    """Half hour of the day, 48 more at weekends; the half hours are counted from 1970-01-01, a Thursday."""
    half_hour = np.arange(start, start + length)
    weekend = (half_hour // DAY + 3) % 7 >= 5
    return half_hour % DAY + DAY * weekend


def smooth_over_day(mean: np.ndarray) -> np.ndarray:
    """Borrow strength from the half hours beside, round the clock, within working days and within weekends."""
    days = mean.reshape(2, DAY, *mean.shape[1:])
    pairs = [(np.roll(days, shift, axis=1), 3 - abs(shift)) for shift in (-2, -1, 0, 1, 2)]
    total = sum(weight * np.nan_to_num(values) for values, weight in pairs)
    count = sum(weight * ~np.isnan(values) for values, weight in pairs)
    return (total / np.maximum(count, 1)).reshape(mean.shape)


def moving_mean(grid: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean over the steps t + first to t + last of what is there; NaN where nothing is."""
    known = ~np.isnan(grid)
    nothing = np.zeros((1, *grid.shape[1:]))
    total = np.concatenate([nothing, np.cumsum(np.where(known, grid, 0), axis=0)])
    count = np.concatenate([nothing, np.cumsum(known, axis=0)])
    step = np.arange(len(grid))
    low, high = np.clip(step + first, 0, len(grid)), np.clip(step + last + 1, 0, len(grid))
    n = count[high] - count[low]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, (total[high] - total[low]) / n, np.nan)


def aside(grid: np.ndarray) -> np.ndarray:
    """Level of the hours before and after, without the moment itself: what an event stands out from."""
    return (moving_mean(grid, -30, -7) + moving_mean(grid, 7, 30)) / 2


def shifted(grid: np.ndarray, lag: int) -> np.ndarray:
    """Return the value of lag steps ago (ahead where negative), NaN beyond the ends."""
    moved = np.full_like(grid, np.nan)
    if lag > 0:
        moved[lag:] = grid[:-lag]
    else:
        moved[:lag] = grid[-lag:]
    return moved


def quiet_mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean without NaN, and without a warning where all is NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=axis)


def day_blocks(X: pd.DataFrame, n_blocks: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split into train and validation rows: blocks of whole days, hours beside a block left out of train."""
    time = X["timestamp"].to_numpy()
    day = time.astype("datetime64[D]")
    folds = []
    for block in np.array_split(np.unique(day), n_blocks):
        valid = np.isin(day, block)
        near = (time >= block[0] - EMBARGO) & (time < block[-1] + np.timedelta64(1, "D") + EMBARGO)
        folds.append((np.flatnonzero(~near), np.flatnonzero(valid)))
    return folds


def best_threshold(y: np.ndarray, probability: np.ndarray) -> float:
    """Return the cut on probability with the highest F1."""
    order = np.argsort(-probability, kind="stable")
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    return float(probability[order][np.argmax(f1)])
