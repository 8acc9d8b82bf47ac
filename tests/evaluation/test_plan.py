"""Which rows a trial gets, and in which order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

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


def test_the_order_of_rows_follows_from_their_features_alone(prepared_small, make_table):
    table = make_table()
    told = []
    # Split by time, so that the same rows are held out wherever they lie in the table.
    for rows in (table, table.sample(frac=1, random_state=1)):
        prepared = prepared_small(table=rows, split={"strategy": "time"})
        split = heldout_split(prepared)
        told.append([prepared.train.id[split.train].tolist(), prepared.heldout.id[split.predict].tolist()])
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_a_table_that_is_sorted_by_label_does_not_show_it(prepared_small, make_table, seed):
    table = make_table(n=2_000).sort_values("target")
    prepared = prepared_small(table=table, competition={"seed": seed})
    assert (np.diff(prepared.train.y) >= 0).all()
    for split in splits_of(prepared):
        predicted = prepared.heldout if split.part == "heldout" else prepared.train
        for y in (prepared.train.y[split.train], predicted.y[split.predict]):
            assert abs(np.corrcoef(y, np.arange(len(y)))[0, 1]) < 0.2


def test_nor_do_rows_that_look_alike(prepared_small, make_table):
    table = make_table(n=2_000).sort_values("target")
    alike = {"x": 1.0, "gaps": 1.0, "order": 1, "word": "a", "cell": "3ALTE", "timestamp": pd.Timestamp("2024-03-01")}
    prepared = prepared_small(table=table.assign(**alike))
    for split in splits_of(prepared)[:-1]:
        y = prepared.train.y[split.predict]
        assert abs(np.corrcoef(y, np.arange(len(y)))[0, 1]) < 0.2


def test_the_order_of_rows_that_look_alike_depends_on_labels_that_no_trial_has(prepared_small, make_table):
    table = make_table(n=400).sort_values("target")
    alike = {"x": 1.0, "gaps": 1.0, "order": 1, "word": "a", "cell": "3ALTE", "timestamp": pd.Timestamp("2024-03-01")}
    prepared = prepared_small(table=table.assign(**alike))
    held_out = prepared.heldout
    other = replace(prepared, heldout=replace(held_out, y=held_out.y[::-1].copy()))
    first, second = splits_of(prepared)[0], splits_of(other)[0]
    assert sorted(first.predict) == sorted(second.predict)
    assert first.predict.tolist() != second.predict.tolist()


def test_further_seeds_change_the_seed_and_nothing_else(prepared_small):
    splits = splits_of(prepared_small(ranking={"n_seeds": 3}))
    first = splits[0]
    further = [split for split in splits if split.part == "seeds"]
    assert len(further) == 2
    for split in further:
        assert (split.train == first.train).all()
        assert (split.predict == first.predict).all()
    assert len({split.seed for split in (first, *further)}) == 3
    assert not [split for split in splits_of(prepared_small()) if split.part == "seeds"]
