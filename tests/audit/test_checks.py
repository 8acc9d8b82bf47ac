"""What single checks say of tables that are made for them."""

from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from competition.audit import audit
from competition.audit.checks.columns import constants, single_column
from competition.audit.checks.duplicates import exact_duplicates
from competition.audit.checks.formula import formula
from competition.audit.checks.groups import dispersion
from competition.audit.checks.neighbours import neighbouring_rows
from competition.audit.checks.order import ids, row_order
from competition.audit.checks.representation import lattices
from competition.audit.checks.text import text_format
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


def test_a_strong_honest_number_is_a_warning_at_most(table_of):
    generator = np.random.default_rng(2)
    x = generator.normal(size=(900, 4))
    honest = pd.DataFrame(x, columns=list("abcd")).assign(y=3 * x[:, 0] + generator.normal(0, 0.4, 900))
    assert {one.severity for one in single_column(table_of(honest))} <= {"warning"}


def test_many_columns_are_searched_for_one(table_of, rows):
    generator = np.random.default_rng(0)
    wide = pd.DataFrame(generator.normal(size=(N, 60))).add_prefix("f").assign(y=rows["y"], copy=rows["y"] * 2 + 1)
    (finding,) = single_column(table_of(wide))
    assert finding.where == ("copy",)


# --- how things are written ---


@pytest.mark.parametrize(
    ("write", "severity"),
    [
        (lambda code, y: code[: 11 + y], "severe"),
        (lambda code, y: code[:11] + ("02468ace" if y else "13579bdf")[int(code[11], 16) % 8], "severe"),
        (lambda code, y: "red" + " " * y, "severe"),
        (lambda code, y: "blue".upper() if y else "blue", "severe"),
        (lambda code, y: code[:12], None),
    ],
)
def test_codes_and_words_that_are_written_by_the_label(table_of, rows, write, severity):
    codes = [sha256(str(at).encode()).hexdigest() for at in range(N)]
    text = [write(code, y) for code, y in zip(codes, rows["y"], strict=True)]
    text[::7] = [write(code, 0) for code in codes[::7]]
    try:
        found = text_format(table_of(rows.assign(token=text)))
    except Skip:
        found = []
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_the_length_of_words_may_mean_something(table_of, rows):
    generator = np.random.default_rng(5)
    said = [" ".join(generator.choice(["good", "bad", "no"], 5 + 9 * y + generator.integers(6))) for y in rows["y"]]
    assert {one.severity for one in text_format(table_of(rows.assign(said=said)))} <= {"warning"}


@pytest.mark.parametrize("n_values", [30, 500])
def test_parity_of_whole_numbers(table_of, rows, n_values):
    whole = 2 * np.random.default_rng(0).integers(0, n_values, N) + rows["y"]
    (finding,) = lattices(table_of(rows.assign(whole=whole)))
    assert (finding.severity, finding.where) == ("severe", ("whole",))


@pytest.mark.parametrize(
    "rule",
    [
        lambda a, b: np.hypot(a, 1.4 * b) > 1,
        lambda a, b: np.abs(a - b) > 1.1,
        lambda a, b: (a > 0.1) ^ (b > -0.2),
        lambda a, b: (a > 0.1) & (b > -0.2),
        lambda a, b: a * b > 0.3,
        lambda a, b: np.digitize(a + b, [-0.5, 0.8]),
    ],
)
def test_rules_on_two_columns(table_of, rule):
    x = np.random.default_rng(8).normal(size=(1_200, 4)).round(4)
    table = pd.DataFrame(x, columns=list("abcd")).assign(y=np.asarray(rule(x[:, 1], x[:, 2])).astype(int))
    (finding,) = formula(table_of(table))
    assert finding.severity == "severe"
    assert set(finding.where) == {"b", "c"}


@pytest.mark.parametrize("rule", [lambda a, b, c: a * b + c, lambda a, b, c: np.hypot(a, b), lambda a, b, c: a / b])
def test_equations(table_of, rule):
    x = np.exp(np.random.default_rng(8).normal(size=(900, 5))).round(4)
    table = pd.DataFrame(x, columns=list("abcde")).assign(y=rule(x[:, 0], x[:, 1], x[:, 2]).round(5))
    (finding,) = formula(table_of(table))
    assert finding.strength.score > 0.9999
    assert formula(table_of(table.assign(y=table["y"] * np.random.default_rng(1).normal(1, 0.05, 900)))) == []


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


@pytest.mark.parametrize(
    "own",
    [
        lambda n, part: {"row_no": np.arange(n) + 1000 * part},
        lambda n, part: {"id": np.arange(n)},
        lambda n, part: {"token": [f"{part}x{at}" for at in range(n)]},
        lambda n, part: {"when": pd.date_range(f"202{part}-01-01", periods=n, freq="h")},
        lambda n, part: {"whole": (np.arange(n) % 7) * (1.0 if part else 1)},
    ],
)
def test_copies_are_seen_beside_columns_that_name_the_row(table_of, rows, own):
    train, test = rows.head(400), rows.tail(200).drop(columns="y")
    copied = pd.concat([train.drop(columns="y").head(60), test.head(140)]).reset_index(drop=True)
    (finding,) = exact_duplicates(table_of(train.assign(**own(400, 0)), copied.assign(**own(200, 1))))
    assert finding.severity == "severe"
    assert finding.what.startswith("60 test rows")


def test_a_row_of_zeros_is_one_copy(table_of, rows):
    empty = rows.mask(pd.Series(np.arange(N) % 5 == 0), 0.0).assign(y=rows["y"])
    found = exact_duplicates(table_of(empty.head(400), empty.tail(200).drop(columns="y")))
    assert {one.severity for one in found} == {"note"}


def test_values_that_follow_each_other_closely_are_equal_by_chance(table_of):
    generator = np.random.default_rng(0)
    size = np.exp(generator.normal(-0.3, 0.5, 1_500)).round(2)
    width = (6.4 * size ** (1 / 3) + generator.normal(0, 0.02, 1_500)).round(2)
    depth = (4 * size ** (1 / 3) + generator.normal(0, 0.03, 1_500)).round(2)
    stones = pd.DataFrame({"size": size, "width": width, "depth": depth, "y": generator.integers(0, 2, 1_500)})
    found = exact_duplicates(table_of(stones.head(1_000), stones.tail(500).drop(columns="y")))
    assert {one.severity for one in found} == {"note"}


# --- order and time ---


def test_a_test_file_in_the_order_of_its_labels_is_severe(table_of, rows):
    ordered = rows.assign(a=rows["a"] + 3 * rows["y"]).sort_values("y")
    (finding,) = row_order(table_of(ordered.iloc[::2], ordered.iloc[1::2].drop(columns="y")))
    assert finding.severity == "severe"
    (alone,) = row_order(table_of(ordered))
    assert alone.severity == "warning"


def test_a_file_that_is_sorted_by_a_feature_tells_no_more_than_it(table_of, rows):
    by_age = rows.assign(age=np.arange(N), y=(np.arange(N) + 200 * rows["b"] > N / 2) * 1)
    (finding,) = row_order(table_of(by_age.iloc[::2], by_age.iloc[1::2].drop(columns="y")))
    assert finding.severity == "note"
    by_id = by_age.assign(id=np.arange(N)).sample(frac=1, random_state=0)
    (finding,) = ids(table_of(by_id))
    assert finding.severity == "note"


def test_ids_are_read_as_numbers_where_they_have_become_decimals(table_of, rows):
    (finding,) = ids(table_of(rows.sort_values("y").assign(id=np.arange(N) * 1.0).sample(frac=1, random_state=0)))
    assert finding.severity == "severe"
    assert finding.reference.skill < finding.skill


@pytest.mark.parametrize("shift", [1, -1])
def test_the_target_of_another_row_is_found(table_of, rows, shift):
    shifted = rows.assign(other=rows["y"].shift(shift, fill_value=0))
    (finding,) = neighbouring_rows(table_of(shifted))
    assert (finding.severity, finding.where) == ("severe", ("other",))
    assert neighbouring_rows(table_of(rows)) == []


def test_few_rows_are_alike_by_chance(table_of):
    for seed in range(20):
        generator = np.random.default_rng(seed)
        small = pd.DataFrame(generator.normal(size=(120, 5))).add_prefix("f").assign(y=generator.integers(0, 2, 120))
        assert neighbouring_rows(table_of(small)) == []


def test_features_that_change_slowly_are_no_neighbours_targets(table_of):
    generator = np.random.default_rng(1)
    wave = np.sin(np.arange(N) / 30)
    slow = pd.DataFrame({"a": wave + generator.normal(0, 0.2, N), "b": generator.normal(size=N)})
    assert neighbouring_rows(table_of(slow.assign(y=(wave > 0).astype(int)))) == []


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


def test_a_time_in_numbers_is_one_too_and_a_single_late_row_is_none(table_of, rows):
    steps = rows.assign(step=np.arange(N))
    train = pd.concat([steps.head(400), steps.iloc[500:520]])
    test = steps.drop(index=train.index).drop(columns="y")
    (finding,) = time_split(table_of(train, test, time="step"))
    assert finding.severity == "severe"
    dated = rows.assign(when=pd.date_range("2024-01-01", periods=N))
    assert time_split(table_of(dated.drop(index=580), dated.loc[[580]].drop(columns="y"))) == []
    with pytest.raises(Skip, match="2 columns hold dates"):
        time_split(table_of(dated.assign(born=dated["when"]), dated.drop(columns="y").assign(born=dated["when"])))


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
