"""The multi-scale ConvLSTM: what its windows hold, and that it learns a label that only the past explains."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

MISSING = [name for name in ("keras", "jax") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"the extra `deep` is not installed: {', '.join(MISSING)} missing"),
]
FILE = Path(__file__).parents[2] / "solutions" / "cellular-anomaly" / "multiscale_convlstm.py"
LENGTH = 4


@pytest.fixture(scope="module")
def solution() -> ModuleType:
    spec = importlib.util.spec_from_file_location("multiscale_convlstm", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def series(solution: ModuleType) -> tuple[pd.DataFrame, np.ndarray]:
    """Four cells for twelve days; a row is unusual where its cell's load was high one hour ago, whatever it is now."""
    rng = np.random.default_rng(5)
    times = pd.date_range("2024-03-04", periods=12 * 48, freq="30min")
    frames, labels = [], []
    for cell in ("1ALTE", "1BLTE", "2ALTE", "2BLTE"):
        load = rng.normal(size=len(times))
        frame = pd.DataFrame({name: load + 0.3 * rng.normal(size=len(times)) for name in solution.COUNTERS})
        frame["maxUE_DL"] = frame["maxUE_DL"].mask(rng.random(len(times)) < 0.02)
        frames.append(frame.assign(Time=times.strftime("%H:%M"), CellName=cell, timestamp=times))
        labels.append(np.append([0, 0], load[:-2] > 1).astype(int))
    order = rng.permutation(4 * len(times))
    return pd.concat(frames, ignore_index=True).iloc[order].reset_index(drop=True), np.concatenate(labels)[order]


def test_a_window_is_the_own_past_of_the_cell(solution, series):
    X, _ = series
    index = solution.window_index(X["CellName"], X["timestamp"], LENGTH)
    cell, time = X["CellName"].to_numpy(), X["timestamp"].to_numpy()
    held = index >= 0
    assert (index[:, -1] == np.arange(len(X))).all()
    assert (cell[index] == cell[:, None])[held].all()
    lags = np.timedelta64(30, "m") * np.arange(LENGTH - 1, -1, -1)
    assert (time[index] == time[:, None] - lags)[held].all()
    first = X.groupby("CellName")["timestamp"].transform("min").to_numpy()
    assert (held == (time[:, None] - lags >= first[:, None])).all()


def test_a_gap_stays_empty(solution):
    times = pd.Series(pd.to_datetime(["2024-03-04 00:00", "2024-03-04 00:30", "2024-03-04 02:00", "2024-03-04 02:30"]))
    index = solution.window_index(pd.Series(["1ALTE"] * 4), times, LENGTH)
    assert index.tolist() == [[-1, -1, -1, 0], [-1, -1, 0, 1], [1, -1, -1, 2], [-1, -1, 2, 3]]
    windows = solution.gather_windows(np.ones((4, 2, 1), np.float32), index)
    assert (windows[..., 0].max(axis=2) == (index >= 0)).all()


def test_later_rows_change_no_window(solution, series):
    X, y = series
    channels = solution.Channels().fit(X, y)
    past = (X["timestamp"] < X["timestamp"].median()).to_numpy()

    def windows(rows: pd.DataFrame) -> np.ndarray:
        return solution.gather_windows(
            channels.transform(rows), solution.window_index(rows["CellName"], rows["timestamp"], LENGTH)
        )

    np.testing.assert_array_equal(windows(X)[past], windows(X[past].reset_index(drop=True)))


def test_the_order_of_the_rows_does_not_matter(solution, series):
    X, y = series
    order = np.random.default_rng(1).permutation(len(X))
    shuffled = X.iloc[order].reset_index(drop=True)
    channels = solution.Channels().fit(X, y)
    np.testing.assert_allclose(channels.transform(X)[order], channels.transform(shuffled), atol=1e-5)
    index = solution.window_index(X["CellName"], X["timestamp"], LENGTH)
    moved = solution.window_index(shuffled["CellName"], shuffled["timestamp"], LENGTH)
    assert (np.append(order, -1)[moved] == index[order]).all()


def test_the_layer_is_the_convlstm_of_keras(solution):
    import keras

    counters, channels, filters, kernel = 6, 3, 4, 5
    x = np.random.default_rng(0).normal(size=(2, LENGTH, counters, channels)).astype(np.float32)
    ours = solution.ConvLSTM(filters, kernel)
    theirs = keras.layers.ConvLSTM1D(
        filters, kernel, padding="same", recurrent_activation="sigmoid", unroll=True, return_sequences=True
    )
    theirs.build(x.shape)
    ours.build(x.shape)
    # Keras orders the gates input, forget, cell, output
    gates = np.concatenate([np.arange(filters) + filters * gate for gate in (0, 1, 3, 2)])
    ours.input_kernel.assign(np.asarray(theirs.cell.kernel)[..., gates])
    ours.state_kernel.assign(np.asarray(theirs.cell.recurrent_kernel)[..., gates])
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)


def test_it_learns_from_the_past(solution, series):
    X, y = series
    last_days = (X["timestamp"] >= X["timestamp"].max().normalize() - pd.Timedelta(days=2)).to_numpy()
    train, valid = X[~last_days].reset_index(drop=True), X[last_days].reset_index(drop=True)
    estimator = solution.make_estimator(random_state=3, n_threads=1)
    estimator.set_params(window=LENGTH, epochs=30, batch_size=64).fit(train, y[~last_days])
    probability = estimator.predict_proba(valid)
    predicted, truth = estimator.predict(valid), y[last_days]
    f1 = 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())
    assert f1 > 2 * truth.mean() / (1 + truth.mean()) + 0.3  # the F1 of always answering 1, and a wide margin
    assert set(predicted) <= {0, 1}
    shuffled = np.random.default_rng(2).permutation(len(valid))
    np.testing.assert_allclose(
        estimator.predict_proba(valid.iloc[shuffled].reset_index(drop=True)), probability[shuffled], atol=1e-5
    )
