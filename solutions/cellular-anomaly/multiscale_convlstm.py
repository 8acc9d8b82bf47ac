# /// script
# requires-python = ">=3.11"
# dependencies = ["keras", "jax", "numpy", "pandas", "scikit-learn"]
# [tool.podium]
# title = "Multi-scale ConvLSTM"
# authors = ["Podium"]
# tags = ["deep-learning", "time-series", "class-weights"]
# columns = ["timestamp"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""Unusual activity has an onset, lasts, and reaches neighbouring cells: the hours before a row say what it cannot.

A ConvLSTM (Shi et al. 2015, "Convolutional LSTM Network", arXiv:1506.04214) reads a cell's last hours as a small image
of time x counters, in parallel branches with a narrow and a wide kernel, so that one branch sees a few related counters
and the other a whole group of them (multi-scale). Each counter comes as its level, as its deviation from the cell's
usual value at that time of day, and as the mean deviation of the site's other sectors and of the other sites. Every
step of a training window has its label, which teaches more than the last step's alone. The unusual class has more
weight; training stops early, and the threshold is chosen, on whole days that training did not see.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"  # Keras reads it once, on import
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")  # a trial has one core

import keras
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.preprocessing import QuantileTransformer

COUNTERS = [  # related counters side by side: a convolution mixes neighbours
    "PRBUsageUL",
    "meanThr_UL",
    "maxThr_UL",
    "meanUE_UL",
    "maxUE_UL",
    "maxUE_UL+DL",
    "maxUE_DL",
    "meanUE_DL",
    "maxThr_DL",
    "meanThr_DL",
    "PRBUsageDL",
]
STEP = pd.Timedelta(minutes=30)
SLOTS = pd.Timedelta(days=1) // STEP


def make_estimator(random_state: int, n_threads: int) -> "MultiScaleConvLSTM":
    return MultiScaleConvLSTM(random_state=random_state)


class MultiScaleConvLSTM(ClassifierMixin, BaseEstimator):
    """Parallel ConvLSTM branches over windows of time x counters x channels, with a label at every step of a window.

    Parameters
    ----------
    window : int
        Length of a window, in half-hours.
    stride : int
        An epoch takes the windows that end at every `stride`-th half-hour; the next epoch starts one half-hour later.
    burn_in : int
        First steps of a window whose labels do not count, because they have too little past.
    filters : int
        Channels of the hidden state of each branch.
    kernel_sizes : tuple of int
        Width of each branch's convolution, in counters; odd.
    positive_weight : float
        Weight of the unusual class in the loss.
    validation_share : float
        Share of the days that is kept for early stopping and for the threshold.
    """

    def __init__(
        self,
        window=10,
        stride=4,
        burn_in=2,
        filters=8,
        kernel_sizes=(3, 5),
        dense=32,
        dropout=0.3,
        epochs=20,
        patience=6,
        batch_size=128,
        learning_rate=3e-3,
        weight_decay=1e-3,
        positive_weight=3.0,
        validation_share=0.15,
        random_state=0,
    ):
        self.window = window
        self.stride = stride
        self.burn_in = burn_in
        self.filters = filters
        self.kernel_sizes = kernel_sizes
        self.dense = dense
        self.dropout = dropout
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.positive_weight = positive_weight
        self.validation_share = validation_share
        self.random_state = random_state

    def fit(self, X, y):
        y = np.asarray(y)
        self.classes_ = np.array([0, 1])
        self.channels_ = Channels().fit(X, y)
        index = window_index(X["CellName"], X["timestamp"], self.window)
        windows = gather_windows(self.channels_.transform(X), index)
        valid = in_validation_days(X["timestamp"], self.validation_share, self.random_state)
        weight = np.where(valid, 0.0, np.where(y == 1, self.positive_weight, 1.0))
        weight = np.append(weight, 0.0)[index]  # padded steps have no label
        weight[:, : self.burn_in] = 0.0
        labels = np.append(y, 0)[index][:, :, None]
        phase = np.where(valid, -1, slot_of_day(X["timestamp"]) % self.stride)

        keras.utils.set_random_seed(self.random_state)
        self.model_ = self._build(windows.shape[1:], steps_per_epoch=-(-np.sum(phase == 0) // self.batch_size))
        best = -np.inf
        for epoch in range(self.epochs):
            rows = phase == epoch % self.stride
            batches = [pad_rows(array[rows], self.batch_size) for array in (windows, labels, weight)]
            self.model_.fit(*batches[:2], sample_weight=batches[2], batch_size=self.batch_size, verbose=0)
            precision = average_precision_score(y[valid], self._scores(windows[valid]))
            if precision > best:
                best, best_epoch, best_weights = precision, epoch, self.model_.get_weights()
            elif epoch - best_epoch >= self.patience:
                break
        self.model_.set_weights(best_weights)
        self.threshold_ = best_f1_threshold(y[valid], self._scores(windows[valid]))
        return self

    def predict_proba(self, X):
        index = window_index(X["CellName"], X["timestamp"], self.window)
        positive = self._scores(gather_windows(self.channels_.transform(X), index))
        return np.column_stack([1 - positive, positive])

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] >= self.threshold_).astype(int)

    def _build(self, shape, steps_per_epoch):
        length, counters, _ = shape
        inputs = keras.Input(shape)
        branches = [ConvLSTM(self.filters, kernel)(inputs) for kernel in self.kernel_sizes]
        hidden = keras.layers.Concatenate()(branches)
        hidden = keras.ops.reshape(hidden, (-1, counters * self.filters * len(branches)))  # one row a step
        hidden = keras.layers.Dropout(self.dropout)(hidden)
        hidden = keras.layers.Dense(self.dense, activation="relu")(hidden)
        hidden = keras.layers.Dropout(self.dropout)(hidden)
        outputs = keras.layers.Dense(1, activation="sigmoid")(hidden)
        model = keras.Model(inputs, keras.ops.reshape(outputs, (-1, length, 1)))
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=self.learning_rate / 10,
            decay_steps=max(1, self.epochs - 1) * steps_per_epoch,
            warmup_target=self.learning_rate,
            warmup_steps=steps_per_epoch,
            alpha=0.02,
        )
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay, clipnorm=1.0)
        model.compile(optimizer, loss="binary_crossentropy")
        return model

    def _scores(self, windows):
        """Probability of label 1 at the last step of each window."""
        scores = self.model_.predict(pad_rows(windows, 512), batch_size=512, verbose=0)
        return scores[: len(windows), -1, 0].astype(float)


class ConvLSTM(keras.layers.Layer):
    """ConvLSTM over the axis of counters, unrolled: (batch, time, counters, channels) -> hidden state at every time.

    The same as `keras.layers.ConvLSTM1D(..., unroll=True, return_sequences=True)`, but trains three times faster on one
    core: over so few counters a convolution is quicker as one product with a banded matrix that covers all four gates.
    """

    def __init__(self, filters, kernel_size, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size

    def build(self, shape):
        _, _, counters, channels = shape
        self.input_kernel = self.add_weight(
            shape=(self.kernel_size, channels, 4 * self.filters), initializer="glorot_uniform"
        )
        self.state_kernel = self.add_weight(
            shape=(self.kernel_size, self.filters, 4 * self.filters), initializer="orthogonal"
        )
        self.bias = self.add_weight(shape=(4, 1, self.filters), initializer=forget_gate_open)
        offsets = range(self.kernel_size // 2, -self.kernel_size // 2, -1)
        self.bands = np.stack([np.eye(counters, k=offset, dtype=np.float32) for offset in offsets])

    def call(self, x):
        _, length, counters, channels = x.shape
        size = counters * self.filters
        from_input, from_state = self._banded(self.input_kernel), self._banded(self.state_kernel)
        bias = keras.ops.reshape(keras.ops.tile(self.bias, (1, counters, 1)), (4 * size,))
        x = keras.ops.reshape(x, (-1, length, counters * channels))
        state = memory = None
        states = []
        for step in range(length):
            gates = keras.ops.matmul(x[:, step], from_input) + bias
            if state is not None:
                gates = gates + keras.ops.matmul(state, from_state)
            write, keep, show = (keras.ops.sigmoid(gates[:, i * size : (i + 1) * size]) for i in range(3))
            new = write * keras.ops.tanh(gates[:, 3 * size :])
            memory = new if memory is None else keep * memory + new
            state = show * keras.ops.tanh(memory)
            states.append(state)
        return keras.ops.reshape(keras.ops.stack(states, axis=1), (-1, length, counters, self.filters))

    def _banded(self, kernel):
        """Matrix (counters x channels, gates x counters x filters) whose product is the convolution with `kernel`."""
        width, channels, _ = kernel.shape
        counters = self.bands.shape[1]
        kernel = keras.ops.reshape(kernel, (width, channels, 4, self.filters))
        matrix = keras.ops.einsum("kab,kcgf->acgbf", self.bands, kernel)
        return keras.ops.reshape(matrix, (counters * channels, 4 * counters * self.filters))


def forget_gate_open(shape, dtype=None):
    """Start with an open forget gate (Jozefowicz et al. 2015), as Keras does."""
    bias = np.zeros(shape)
    bias[1] = 1.0
    return keras.ops.convert_to_tensor(bias, dtype)


class Channels:
    """Each row's counters as level, deviation from the usual, deviation of the other sectors and of the other sites."""

    def fit(self, X, y):
        self.scaler = QuantileTransformer(output_distribution="normal", n_quantiles=500, subsample=None)
        values = self._levels(self.scaler.fit(X[COUNTERS]).transform(X[COUNTERS]))
        self.cells = pd.Index(np.unique(X["CellName"]))
        usual = np.asarray(y) == 0
        self.profile = daily_profile(
            values[usual], self.cells.get_indexer(X["CellName"])[usual], X["timestamp"][usual], len(self.cells)
        )
        deviation = values - self._expected(X)
        self.spread = deviation[usual].std(axis=0) + 1e-6
        return self

    def transform(self, X):
        values = self._levels(self.scaler.transform(X[COUNTERS]))
        deviation = (values - self._expected(X)) / self.spread
        sectors, sites = neighbour_means(deviation, X["CellName"], X["timestamp"])
        observed = np.ones_like(values)  # zero where a window reaches over a gap or a border
        return np.stack([values, deviation, sectors, sites, observed], axis=2).astype(np.float32)

    def _levels(self, scaled):
        return np.nan_to_num(scaled, nan=0.0).clip(-4, 4)  # the median stands in for a missing maximum

    def _expected(self, X):
        cell = self.cells.get_indexer(X["CellName"])  # -1, the average cell, for a cell that is new
        return self.profile[cell, day_type(X["timestamp"]), slot_of_day(X["timestamp"])]


def daily_profile(values, cell, timestamp, n_cells):
    """Mean of each counter by cell, kind of day and half-hour, smoothed; the last entry is the average cell."""
    total = np.zeros((n_cells, 2, SLOTS, values.shape[1]))
    count = np.zeros((n_cells, 2, SLOTS, 1))
    where = (cell, day_type(timestamp), slot_of_day(timestamp))
    np.add.at(total, where, values)
    np.add.at(count, where, 1)
    total, count = (smooth_over_the_day(array) for array in (total, count))
    mean = (total + total.sum(axis=1, keepdims=True) * 0.1) / np.maximum(
        count + count.sum(axis=1, keepdims=True) * 0.1, 1e-9
    )
    return np.concatenate([mean, mean.mean(axis=0, keepdims=True)])


KERNEL = {-2: 0.25, -1: 0.7, 0: 1.0, 1: 0.7, 2: 0.25}


def smooth_over_the_day(array):
    weights = {-2: 0.25, -1: 0.7, 0: 1.0, 1: 0.7, 2: 0.25}
    return sum(weight * np.roll(array, shift, axis=2) for shift, weight in weights.items())


def day_type(timestamp):
    return (pd.DatetimeIndex(timestamp).day_of_week >= 5).astype(int)


def slot_of_day(timestamp):
    time = pd.DatetimeIndex(timestamp)
    return np.asarray((time - time.normalize()) // STEP)


def neighbour_means(deviation, cell, timestamp):
    """Mean deviation of the site's other sectors and of all other sites at the same time; 0 where there are none."""
    site = pd.Index(cell).str.extract(r"^(\d+)", expand=False)
    moment = pd.factorize(np.asarray(timestamp))[0]
    site_moment = pd.factorize(pd.MultiIndex.from_arrays([site, moment]))[0]
    everywhere, n_everywhere = group_sums(deviation, moment)
    here, n_here = group_sums(deviation, site_moment)
    sectors = (here - deviation) / np.maximum(n_here - 1, 1)
    sites = (everywhere - here) / np.maximum(n_everywhere - n_here, 1)
    return sectors, sites


def group_sums(values, group):
    total = np.zeros((group.max() + 1, values.shape[1]))
    np.add.at(total, group, values)
    return total[group], np.bincount(group)[group][:, None]


def window_index(cell, timestamp, length):
    """Rows of each row's own cell at the last `length` half-hours, oldest first; -1 where there is no such row."""
    slot = np.asarray((pd.DatetimeIndex(timestamp) - pd.DatetimeIndex(timestamp).min()) // STEP)
    key = pd.factorize(np.asarray(cell))[0] * (slot.max() + length) + slot  # cells lie too far apart to meet
    order = np.argsort(key, kind="stable")
    wanted = key[:, None] - np.arange(length - 1, -1, -1)
    found = np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)
    return np.where(key[order[found]] == wanted, order[found], -1)


def gather_windows(channels, index):
    empty = np.zeros((1, *channels.shape[1:]), channels.dtype)
    return np.concatenate([channels, empty])[index]  # -1 picks the empty row


def pad_rows(array, multiple):
    """Fill up with zeros to whole batches, because another batch shape means another compilation."""
    missing = -len(array) % multiple
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])


def in_validation_days(timestamp, share, random_state):
    day = pd.DatetimeIndex(timestamp).normalize()
    days = np.unique(day)
    n = max(1, round(share * len(days)))
    return np.isin(day, np.random.default_rng(random_state).choice(days, n, replace=False))


def best_f1_threshold(y, scores):
    precision, recall, thresholds = precision_recall_curve(y, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])
