"""Which split and which folds a table can bear."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from competition.definition import CrossValidation, CvStrategy, Split, SplitStrategy
from competition.errors import PodiumError
from competition.splits import RowKeys, folds, hold_out, public_half

SEED = 1
FRACTION = 0.2
PUBLIC = 0.5
N_SPLITS = (5, 4, 3, 2)


@dataclass(frozen=True)
class Splits:
    """How a new competition splits its rows."""

    split: SplitStrategy
    cv: CvStrategy
    n_splits: int


def choose_splits(keys: RowKeys, *, has_classes: bool) -> Splits:
    """Choose the first split and folds, from the most to the least wanted, that can be made of the rows.

    Raises
    ------
    PodiumError
        If there are none: what stands against the last one.
    """
    refusal = PodiumError("there are no folds")
    for splits in _wanted(keys, has_classes):
        try:
            _try(splits, keys, has_classes)
        except PodiumError as error:
            refusal = error
        else:
            return splits
    if has_classes and keys.time is None and keys.group is None:
        raise PodiumError(
            f"the smallest class has {np.bincount(keys.target).min()} of {len(keys):,} rows, too few to split",
            "merge it with another class, or add or remove such rows",
        )
    raise refusal


def _wanted(keys: RowKeys, has_classes: bool) -> Iterator[Splits]:
    """Fewer folds before another strategy; rows at random last, where a class or the groups are too few to divide."""
    by_row: SplitStrategy = "stratified" if has_classes else "random"
    pairs: list[tuple[SplitStrategy, CvStrategy]]
    if keys.time is not None:
        pairs = [("time", "blocks")]
    elif keys.group is not None:
        # Folds go by groups in any case: they are what the board ranks by.
        pairs = [("group", "group"), (by_row, "group"), ("random", "group")]
    else:
        pairs = [("stratified", "stratified"), ("random", "random")] if has_classes else [("random", "random")]
    for split, cv in pairs:
        for n_splits in N_SPLITS:
            yield Splits(split, cv, n_splits)


def _try(splits: Splits, keys: RowKeys, has_classes: bool) -> None:
    rule = Split(strategy=splits.split, fraction=FRACTION, public=PUBLIC)
    held = hold_out(keys, rule, SEED)
    public = public_half(keys.take(held), rule, SEED)
    train = keys.take(~held)
    made = folds(train, CrossValidation(strategy=splits.cv, n_splits=splits.n_splits), SEED)
    if not has_classes or keys.time is not None or keys.group is not None:
        return
    n_classes = len(np.unique(keys.target))
    parts = [train.target[fold.train] for fold in made]
    if n_classes == 2:
        # Most metrics of a binary task are undefined on rows of a single class.
        parts += [keys.target[held][public], keys.target[held][~public]]
    if any(len(np.unique(part)) < n_classes for part in parts):
        raise PodiumError("a class is missing in a part of the rows")
