"""Which rows a trial gets, and in which order."""

import dataclasses

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from competition.evaluation.plan import Program, heldout_split, plan


def splits_of(prepared):
    return [trial.split for trial in plan([Program("a", "a.py", "source", b"")], prepared)]


def test_a_fold_is_fitted_on_its_training_rows_and_predicts_its_own(prepared_small):
    prepared = prepared_small()
    *folds, heldout = splits_of(prepared)
    for split, fold in zip(folds, prepared.folds, strict=True):
        assert set(split.train) == set(fold.train)
        assert sorted(split.predict) == sorted(fold.valid)
    assert heldout.part == "heldout"
    assert sorted(heldout.predict) == list(range(len(prepared.heldout.id)))


def test_the_order_of_rows_follows_from_their_features_alone(prepared_small):
    prepared = prepared_small()
    shuffle = np.random.default_rng(1).permutation(len(prepared.train.id))
    train = prepared.train
    moved = dataclasses.replace(
        train,
        id=train.id[shuffle],
        X=train.X.iloc[shuffle].reset_index(drop=True),
        y=train.y[shuffle],
        time=None if train.time is None else train.time.iloc[shuffle].reset_index(drop=True),
    )
    before = heldout_split(prepared).train
    after = heldout_split(dataclasses.replace(prepared, train=moved)).train
    # The same rows in the same order, wherever they lie in the table.
    pd.testing.assert_frame_equal(
        train.X.iloc[before].reset_index(drop=True), moved.X.iloc[after].reset_index(drop=True)
    )


@given(st.integers(0, 2**31 - 1))
def test_a_table_that_is_sorted_by_label_does_not_show_it(seed):
    from competition.evaluation.plan import _order_keys

    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"x": rng.normal(size=400)})
    labels = np.repeat([0, 1], 200)
    rules = type("Rules", (), {"definition": type("D", (), {"competition": type("C", (), {"seed": seed})})})
    order = np.argsort(_order_keys([table], rules))
    assert abs(np.corrcoef(labels[order], np.arange(400))[0, 1]) < 0.25
