"""Appended to the text of solutions/cellular-anomaly/multiscale_convlstm.py: the same network, fed by SMOTE.

SMOTE draws whole windows between unusual ones, so a window has one label, that of its last step. The classes are even
then: no class weight, no early stopping, and the threshold is one half, as is usual. There is no dropout, so that few
epochs go as far as more would with it.
"""

from imblearn.over_sampling import SMOTE

EPOCHS = 5


def make_estimator(random_state: int, n_threads: int) -> "SmoteConvLSTM":
    return SmoteConvLSTM(epochs=EPOCHS, dropout=0.0, random_state=random_state)


def balanced(windows, y, random_state):
    """Draw windows until there are as many of both classes; what was there comes first."""
    flat, labels = SMOTE(random_state=random_state).fit_resample(windows.reshape(len(windows), -1), y)
    return flat.reshape(-1, *windows.shape[1:]), labels


class SmoteConvLSTM(MultiScaleConvLSTM):
    def fit(self, X, y):
        y = np.asarray(y)
        self.classes_ = np.array([0, 1])
        self.channels_ = Channels().fit(X, y)
        return self.fit_windows(*balanced(self.windows(X), y, self.random_state))

    def windows(self, X):
        index = window_index(X["CellName"], X["timestamp"], self.window)
        return gather_windows(self.channels_.transform(X), index)

    def fit_windows(self, windows, y):
        keras.utils.set_random_seed(self.random_state)
        self.threshold_ = 0.5
        self.model_ = self._build(windows.shape[1:], steps_per_epoch=-(-len(y) // self.batch_size))
        labels = np.zeros((len(y), self.window, 1), dtype=np.float32)
        weight = np.zeros((len(y), self.window), dtype=np.float32)
        labels[:, -1, 0], weight[:, -1] = y, 1.0
        order = np.random.default_rng(self.random_state).permutation(len(y))
        batches = [pad_rows(array[order], self.batch_size) for array in (windows, labels, weight)]
        self.model_.fit(
            *batches[:2], sample_weight=batches[2], batch_size=self.batch_size, epochs=self.epochs, verbose=0
        )
        return self

    def predict_windows(self, windows):
        return (self._scores(windows) >= self.threshold_).astype(int)
