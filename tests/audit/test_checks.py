"""What single checks say of tables that are made for them."""

import numpy as np
import pandas as pd
import pytest

from competition.audit import audit
from competition.audit.checks.columns import constants, single_column
from competition.audit.checks.duplicates import exact_duplicates
from competition.audit.checks.formula import formula
from competition.audit.checks.groups import dispersion
from competition.audit.checks.order import row_order
from competition.audit.checks.time import nearest_known, time_split
from competition.audit.findings import Skip
from competition.audit.significance import magnitude_blocks, stratified_p

N = 600


@pytest.fixture
def rows():
    generator = np.random.default_rng(11)
    x = generator.normal(size=(N, 4)).round(4)
    y = (x[:, 0] + x[:, 1] + generator.logistic(size=N) > 0).astype(int)
    return pd.DataFrame(x, columns=list("abcd")).assign(y=y)


# --- an easy task is no leak ---


def test_classes_far_apart_are_no_formula(table_of):
    generator = np.random.default_rng(3)
    y = generator.integers(0, 2, N)
    blobs = pd.DataFrame({f"x{at}": 9 * y + generator.normal(size=N) for at in range(5)}).assign(y=y)
    table = table_of(blobs)
    assert formula(table) == []
    assert single_column(table) == []


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits", "diabetes"])
def test_nothing_is_severe_in_well_known_sets(table_of, name):
    from sklearn import datasets

    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame.sample(frac=1, random_state=0)
    cut = 3 * len(frame) // 4
    report = audit(table_of(frame.iloc[:cut], frame.iloc[cut:].drop(columns="target"), target="target"))
    assert report.severe == []


# --- single columns ---


def test_a_copy_of_the_target_is_severe_even_where_there_are_two(table_of, rows):
    table = table_of(rows.assign(code=rows["y"].map({0: "no", 1: "yes"}), status=rows["y"] * 10))
    found = {one.where[0]: one.severity for one in single_column(table)}
    assert found == {"code": "severe", "status": "severe"}


def test_a_column_that_varies_in_the_test_rows_alone_is_a_warning(table_of, rows):
    test = rows.drop(columns="y").assign(flag=np.arange(N) % 2)
    (finding,) = constants(table_of(rows.assign(flag=0), test))
    assert (finding.severity, finding.where) == ("warning", ("flag",))


# --- duplicates ---


def test_rows_of_few_distinct_values_are_equal_by_chance(table_of):
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.integers(0, [5, 40, 5], (N, 3)), columns=list("abc"))
    found = exact_duplicates(table_of(table.assign(y=generator.integers(0, 2, N)), table))
    assert {one.severity for one in found} == {"note"}


def test_copies_are_named_by_their_rows(table_of, rows):
    test = rows.drop(columns="y").iloc[[7, 8, 9]].reset_index(drop=True)
    (finding,) = exact_duplicates(table_of(rows, test))
    assert finding.severity == "severe"
    assert finding.rows[:4] == ("train row 8", "test row 1", "train row 9", "test row 2")


def test_contradicting_labels_are_told(table_of, rows):
    (finding,) = exact_duplicates(table_of(pd.concat([rows, rows.assign(y=1 - rows["y"])])))
    assert finding.severity == "warning"
    assert "differ in the label" in finding.what


# --- order and time ---


def test_a_test_file_in_the_order_of_its_labels_is_severe(table_of, rows):
    ordered = rows.assign(a=rows["a"] + 3 * rows["y"]).sort_values("y")
    (finding,) = row_order(table_of(ordered.iloc[::2], ordered.iloc[1::2].drop(columns="y")))
    assert finding.severity == "severe"
    (alone,) = row_order(table_of(ordered))
    assert alone.severity == "warning"


def test_an_order_in_time_is_no_leak(table_of, rows):
    when = pd.date_range("2024-01-01", periods=N, freq="h")
    with pytest.raises(Skip, match="order of their time"):
        row_order(table_of(rows.sort_values("y").assign(when=when)))


def test_rows_between_others_in_time_give_their_labels_away(table_of, rows):
    waves = rows.assign(when=pd.date_range("2024-01-01", periods=N, freq="h"), y=np.arange(N) // 20 % 2)
    mixed = waves.sample(frac=1, random_state=0)
    (finding,) = time_split(table_of(mixed.iloc[:400], mixed.iloc[400:].drop(columns="y"), time="when"))
    assert finding.severity == "severe"
    assert finding.strength.score > 0.85
    assert time_split(table_of(waves.iloc[:400], waves.iloc[400:].drop(columns="y"), time="when")) == []


def test_the_labels_next_to_a_row_leave_itself_out():
    target, order = np.arange(6.0), np.arange(6)
    known = np.array([True, True, True, False, True, True])
    around = nearest_known(target, order, known)
    np.testing.assert_array_equal(around[3, :2], [2, 4])
    np.testing.assert_array_equal(around[2, :2], [1, 4])
    assert np.isnan(around[0, 0])
    assert not (around == target[:, None])[known].any()


# --- statistics ---


def test_p_values_of_dispersion_are_held_and_regular_counts_are_seen():
    codes = np.arange(N) // 6
    generator = np.random.default_rng(4)
    drawn = [dispersion(codes, (generator.random(N) < 0.3).astype(float)) for _ in range(100)]
    assert np.mean([too_even < 0.05 for _, too_even, _ in drawn]) < 0.12
    assert np.mean([too_uneven < 0.05 for *_, too_uneven in drawn]) < 0.12
    ratio, too_even, _ = dispersion(codes, (np.arange(N) % 6 < 2).astype(float))
    assert ratio == 0
    assert too_even < 1e-12


def test_blocks_hold_values_of_like_size_and_part_none():
    values = np.random.default_rng(0).integers(0, 300, 4_000) * 1.0
    blocks = magnitude_blocks(values)
    assert pd.Series(blocks).groupby(values).nunique().max() == 1
    assert np.corrcoef(blocks, values)[0, 1] > 0.99


def test_what_size_explains_is_not_the_writing():
    generator = np.random.default_rng(9)
    values = generator.integers(0, 40, 4_000) * 1.0
    label = (values > 20).astype(float)
    feature = (values > 15).astype(float)
    assert stratified_p(feature, label, np.zeros(4_000, dtype=np.intp)) < 1e-100
    assert stratified_p(feature, label, magnitude_blocks(values)) == 1.0
