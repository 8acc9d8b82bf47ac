"""Which rows are held out, which half of them is public, and how the rest falls into folds.

Pure functions of labels, groups, times and a seed; they return row positions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import CrossValidation, Split
from competition.errors import PodiumError

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class RowKeys:
    """What a split may look at, one entry a row.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Class codes or values.
    group : ndarray of shape (n,), optional
        Group codes.
    time : ndarray of datetime64 of shape (n,), optional
        Start of each row's interval.
    """

    target: NDArray[Any]
    group: NDArray[np.int64] | None = None
    time: NDArray[np.datetime64] | None = None

    def __len__(self) -> int:
        return len(self.target)

    @property
    def day(self) -> NDArray[np.int64]:
        """Day of each row, counted from the first one."""
        assert self.time is not None
        days = self.time.astype("datetime64[D]")
        return np.asarray((days - days.min()).astype(np.int64))

    def take(self, rows: Rows | Mask) -> "RowKeys":
        """Keys of some rows."""
        group = None if self.group is None else self.group[rows]
        time = None if self.time is None else self.time[rows]
        return RowKeys(self.target[rows], group, time)


@dataclass(frozen=True)
class Fold:
    """One train and validation split, as positions in the training table."""

    repeat: int
    fold: int
    train: Rows
    valid: Rows


def hold_out(keys: RowKeys, split: Split, seed: int) -> Mask:
    """Choose the held-out rows.

    Parameters
    ----------
    keys : RowKeys
        Of every labelled row.
    split : Split
        ``time`` takes the last whole days, ``group`` whole groups.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of bool of shape (n,)

    Raises
    ------
    PodiumError
        If there are too few rows, groups or days.
    """
    if split.strategy == "time":
        n_days = int(keys.day.max()) + 1
        if n_days < 2:
            raise PodiumError("split.strategy: 'time' needs at least two days, and the data has one")
        held_days = min(max(round(n_days * split.fraction), 1), n_days - 1)
        return np.asarray(keys.day >= n_days - held_days)
    return _draw(keys, split.strategy, split.fraction, seed, what="held-out rows")


def public_half(keys: RowKeys, split: Split, seed: int) -> Mask:
    """Choose the public ones among the held-out rows: whole days or groups where the split goes by them.

    Returns
    -------
    ndarray of bool of shape (n,)

    Raises
    ------
    PodiumError
        If there are too few rows, groups or days.
    """
    if split.strategy == "time":
        # Whole days, drawn at random, so that both halves see the same weeks.
        by_day = RowKeys(keys.target, keys.day, keys.time)
        return _draw(by_day, "group", split.public, seed, what="public rows (whole days)")
    return _draw(keys, split.strategy, split.public, seed, what="public rows")


def _draw(keys: RowKeys, strategy: str, fraction: float, seed: int, what: str) -> Mask:
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    rows = np.arange(len(keys))
    mask = np.zeros(len(keys), dtype=bool)
    try:
        if strategy == "group":
            drawn = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
            chosen = next(drawn.split(rows, groups=keys.group))[1]
        else:
            stratify = keys.target if strategy == "stratified" else None
            chosen = train_test_split(rows, test_size=fraction, random_state=seed, stratify=stratify)[1]
    except ValueError as error:
        raise PodiumError(
            f"cannot set apart {fraction:g} of {len(keys)} rows as {what} by '{strategy}': {error}"
        ) from None
    mask[chosen] = True
    return mask


def folds(keys: RowKeys, cv: CrossValidation, seed: int) -> list[Fold]:
    """Split the training rows for cross-validation.

    Parameters
    ----------
    keys : RowKeys
        Of the training rows.
    cv : CrossValidation
        Strategy, number of splits and repeats, embargo.
    seed : int
        Of the first repeat; each further repeat adds one.

    Returns
    -------
    list of Fold
        Repeats in order, folds in order.

    Raises
    ------
    PodiumError
        If there are too few rows, groups or days for that many folds, or a fold would be fitted on a single class.
    """
    made = []
    for repeat in range(cv.n_repeats):
        try:
            pairs = list(_pairs(keys, cv, seed + repeat))
        except ValueError as error:
            raise PodiumError(f"cv.n_splits: cannot make {cv.n_splits} folds by '{cv.strategy}': {error}") from None
        made += [Fold(repeat, number, train, valid) for number, (train, valid) in enumerate(pairs)]
    for fold in made:
        if len(fold.train) == 0 or len(fold.valid) == 0:
            raise PodiumError(f"cv: fold {fold.fold} has no rows; take fewer splits or a shorter embargo")
        if keys.target.dtype.kind in "iu" and len(np.unique(keys.target[fold.train])) < 2:
            raise PodiumError(f"cv: fold {fold.fold} would be fitted on a single class; take fewer splits")
    return made


def _pairs(keys: RowKeys, cv: CrossValidation, seed: int) -> Iterator[tuple[Rows, Rows]]:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    rows = np.arange(len(keys))
    match cv.strategy:
        case "stratified":
            if np.bincount(keys.target).min() < cv.n_splits:
                raise ValueError("the smallest class has fewer rows than there are splits")
            yield from StratifiedKFold(cv.n_splits, shuffle=True, random_state=seed).split(rows, keys.target)
        case "random":
            yield from KFold(cv.n_splits, shuffle=True, random_state=seed).split(rows)
        case "group":
            yield from GroupKFold(cv.n_splits, shuffle=True, random_state=seed).split(rows, groups=keys.group)
        case "blocks" | "forward":
            yield from _in_time(keys, cv)


def _in_time(keys: RowKeys, cv: CrossValidation) -> Iterator[tuple[Rows, Rows]]:
    """Blocks of whole days; train rows nearer to a block than the embargo are left out."""
    assert keys.time is not None
    forward = cv.strategy == "forward"
    days = np.unique(keys.day)
    if len(days) < cv.n_splits + forward:
        raise ValueError(f"the training rows span {len(days)} days")
    embargo = pd.Timedelta(cv.embargo_duration).to_timedelta64()
    first_day = keys.time.astype("datetime64[D]").min()
    # The first block of `forward` is fitted on and never predicted.
    for block in np.array_split(days, cv.n_splits + forward)[forward:]:
        start, end = first_day + block[0] * DAY, first_day + (block[-1] + 1) * DAY
        valid = (keys.time >= start) & (keys.time < end)
        before, after = keys.time < start - embargo, keys.time >= end + embargo
        train = before if forward else before | after
        yield np.flatnonzero(train), np.flatnonzero(valid)
