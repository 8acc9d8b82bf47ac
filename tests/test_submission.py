"""Submissions: every dialect is the same one, every mistake gives one line that tells no label."""

import csv
import gzip
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.definition import Competition
from competition.errors import PodiumError
from competition.results import Predictions
from competition.submission import read_submission, submission_table, write_submission
from competition.submission.columns import read_by_column
from competition.submission.file import open_file
from competition.submission.rows import read_by_row

IDS = np.array([30, 7, 12, 5])
LABELS = ["0", "1", "1", "0"]
HEADER = "Id,Label"
LINES = [f"{key},{label}" for key, label in zip(IDS, LABELS, strict=True)]
PLAIN = "\n".join([HEADER, *LINES]) + "\n"
QUOTED = "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in [HEADER, *LINES])


@pytest.fixture
def rules(make_rules):
    """Rules of a competition with some submission format."""

    def make(task="binary", **changes):
        return Competition.model_validate(make_rules(task, **changes))

    return make


@pytest.fixture
def read(tmp_path, rules):
    """Write bytes or text and read it as a submission; a warning is an error."""

    def read(content, definition=None, ids=IDS, classes=(0, 1), name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        with warnings.catch_warnings(action="error"):
            return read_submission(path, definition or rules(), ids, list(classes))

    return read


# --- the same submission ---


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(PLAIN.rstrip("\n"), id="no newline at the end"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), id="byte order mark"),
        pytest.param(PLAIN.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r"), id="CR"),
        pytest.param(QUOTED, id="quoted"),
        pytest.param(b"\xef\xbb\xbf" + QUOTED.replace("\n", "\r\n").encode(), id="quoted, CRLF, byte order mark"),
        pytest.param(PLAIN.replace(",", ";"), id="semicolons"),
        pytest.param(PLAIN.replace(",", " , "), id="spaces"),
        pytest.param(gzip.compress(PLAIN.encode()), id="gzipped"),
        pytest.param("\n".join([HEADER, *LINES[::-1]]), id="other order"),
        pytest.param(PLAIN + "\n\n\n", id="blank lines at the end"),
        pytest.param(PLAIN + "  \n,\n\t\n", id="lines of spaces and a separator at the end"),
        pytest.param(
            "\n".join(["Label,Id", *(",".join(line.split(",")[::-1]) for line in LINES)]), id="columns swapped"
        ),
        pytest.param(PLAIN.replace(",1", ",1.0").replace("\n7,", "\n07.0,"), id="whole numbers with a point"),
    ],
)
def test_files_that_differ_in_form_alone_are_the_same_submission(read, content):
    submission = read(content)
    assert submission.predictions.values.tolist() == [0, 1, 1, 0]
    assert submission.n_rows == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_text_ids_and_labels_in_any_encoding(read, rules, encoding):
    definition = rules("multiclass", submission={"id": "Célula", "prediction": "Clase"})
    text = "Célula,Clase\nñ1,sí\nñ2,no\n"
    submission = read(text.encode(encoding), definition, np.array(["ñ2", "ñ1"]), ["no", "quizá", "sí"])
    assert submission.predictions.values.tolist() == [0, 2]


def test_separators_inside_quotes(read, rules):
    submission = read('Id,Label\n"a,1",x\n"b;2",y\n', rules("multiclass"), np.array(["a,1", "b;2"]), ["x", "y"])
    assert submission.predictions.values.tolist() == [0, 1]


def test_text_ids_are_compared_as_they_stand(read, rules):
    with pytest.raises(PodiumError, match=r"line 2: '7' is no id"):
        read("Id,Label\n7,x\n", rules("multiclass"), np.array(["07"]), ["x", "y"])


def test_probabilities(read, rules):
    definition = rules(submission={"kind": "probability"})
    predictions = read("Id,Label\n7,0.25\n30,1\n12,0\n5,5e-1\n", definition).predictions
    assert predictions.score_kind == "probability"
    assert predictions.scores.tolist() == [[0, 1], [0.75, 0.25], [1, 0], [0.5, 0.5]]
    assert predictions.values.tolist() == [1, 0, 0, 1]


def test_regression(read, rules):
    predictions = read("Id,Label\n7,-2.5e3\n30,1\n12,0\n5,.5\n", rules("regression"), classes=()).predictions
    assert predictions.values.tolist() == [1, -2500, 0, 0.5]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(("task", "kind"), [("regression", "value"), ("binary", "probability")])
def test_decimal_commas_between_semicolons(read, rules, task, kind, quote):
    definition = rules(task, submission={"kind": kind})
    content = f"Id;Label\n7;{quote}0,25{quote}\n30;1\n12;0,0\n5;5e-1\n"
    predictions = read(content, definition, classes=() if task == "regression" else (0, 1)).predictions
    found = predictions.values if task == "regression" else predictions.scores[:, 1]
    assert found.tolist() == [1, 0.25, 0, 0.5]
    # Some programs write a point all the same.
    again = read(content.replace("5e-1", "0.5"), definition, classes=() if task == "regression" else (0, 1))
    assert_same(again.predictions, predictions)


def test_a_thousands_separator_is_no_decimal_comma(read, rules):
    with pytest.raises(PodiumError, match=r"line 3: '1\.234,5' is no finite number"):
        read("Id;Label\n7;0,5\n30;1.234,5\n12;0\n5;1\n", rules("regression"), classes=())


# --- the two ways to read ---


def both_ways(path, definition, ids, classes):
    """Predictions read by column, and by row."""
    file = open_file(path, definition, len(ids))
    by_row = None
    with suppress(PodiumError):
        by_row = read_by_row(file, definition, ids, classes)
    return read_by_column(file, definition, ids, classes), by_row


def assert_same(one, other):
    np.testing.assert_array_equal(one.values, other.values, strict=True)
    assert one.score_kind == other.score_kind
    assert (one.scores is None) == (other.scores is None)
    if one.scores is not None:
        np.testing.assert_array_equal(one.scores, other.scores, strict=True)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
FORMATS = {
    "label": ("binary", "value", [0, 1], st.sampled_from([0, 1])),
    "text label": ("multiclass", "value", ["a,b", 'say "no"', "ñ", "x;y"], None),
    "whole label": ("multiclass", "value", [-5, 2, 40, 2**40], None),
    "probability": ("binary", "probability", [0, 1], st.floats(0, 1)),
    "number": ("regression", "value", [], FINITE),
}
IDS_OF = {
    "dense": st.integers(-50, 50),
    "sparse": st.integers(-(2**62), 2**62),
    "text": st.text("abñ07,;\"'.-", min_size=1, max_size=6),
}


@given(data=st.data(), form=st.sampled_from(list(FORMATS)), keys=st.sampled_from(list(IDS_OF)))
def test_a_well_formed_file_reads_the_same_by_column_and_by_row(tmp_path_factory, make_rules, data, form, keys):
    task, kind, classes, drawn = FORMATS[form]
    ids = np.array(data.draw(st.lists(IDS_OF[keys], min_size=1, max_size=20, unique=True)))
    values = data.draw(
        st.lists(st.sampled_from(classes) if drawn is None else drawn, min_size=len(ids), max_size=len(ids))
    )
    definition = Competition.model_validate(make_rules(task, submission={"kind": kind}))
    separator = data.draw(st.sampled_from(",;"))
    table = pd.DataFrame({"Id": ids, "Label": values}).iloc[data.draw(st.permutations(range(len(ids))))]
    text = table[data.draw(st.permutations(["Id", "Label"]))].to_csv(
        index=False,
        sep=separator,
        decimal=data.draw(st.sampled_from(".," if separator == ";" else ".")),
        quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    text += data.draw(st.sampled_from(["", "\n", "\r\n\r\n"]))
    content = text.encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1"])))
    path = tmp_path_factory.getbasetemp() / "well_formed.csv"
    path.write_bytes(gzip.compress(content) if data.draw(st.booleans()) else content)
    fast, by_row = both_ways(path, definition, ids, classes)
    assert_same(by_row, read_submission(path, definition, ids, classes).predictions)
    expected = [classes.index(value) for value in values] if classes and kind == "value" else values
    found = by_row.values if by_row.scores is None else by_row.scores[:, 1]
    np.testing.assert_array_equal(found, expected)
    if fast is not None:
        assert_same(fast, by_row)
    # A comma that is no decimal one, or a number that Arrow does not take, sends a file the slow way.
    assert fast is not None or (separator == ";" and keys == "text") or form in ("number", "probability")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "ids", [np.array([30, 7, 12, 5]), np.array([30, 7, 12, 2**60]), np.array(["a", "7", "07", "b"])]
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_plain_files_are_read_by_column(tmp_path, rules, form, ids, shuffled):
    task, kind, classes, _ = FORMATS[form]
    values = np.array([0.5, 0.25, 0.125, 1.0] if kind == "probability" or not classes else (classes * 2)[:4])
    order = [2, 0, 3, 1] if shuffled else [0, 1, 2, 3]
    path = tmp_path / "plain.csv"
    pd.DataFrame({"Id": ids[order], "Label": values[order]}).to_csv(path, index=False)
    fast, by_row = both_ways(path, rules(task, submission={"kind": kind}), ids, classes)
    assert_same(fast, by_row)


@given(
    body=st.lists(
        st.tuples(
            st.sampled_from(
                ["30", "7", "12", "5", "07", "7.0", "+5", " 12", '"7"', "0x7", "8", "", "5e0", '"3"0', "-0"]
            ),
            st.sampled_from(
                ["0", "1", "1.0", "0,5", "0.5", "+1", ".5", "1.", "1e-1", "0x1", "inf", "nan", "NA", "", '"1']
            ),
        ),
        min_size=3,
        max_size=5,
    ),
    separator=st.sampled_from([",", ";", " , "]),
    form=st.sampled_from(["label", "probability", "number"]),
)
def test_reading_by_column_takes_nothing_that_reading_by_row_refuses(
    tmp_path_factory, make_rules, body, separator, form
):
    task, kind, classes, _ = FORMATS[form]
    definition = Competition.model_validate(make_rules(task, submission={"kind": kind}))
    path = tmp_path_factory.getbasetemp() / "odd.csv"
    path.write_text("\n".join([f"Id{separator}Label", *(separator.join(row) for row in body)]))
    ids = np.array(sorted({30, 7, 12, 5})[: len(body)])
    fast, by_row = both_ways(path, definition, ids, classes)
    if fast is not None:
        assert_same(fast, by_row)


# --- mistakes ---


def test_a_missing_file(tmp_path, rules):
    with pytest.raises(PodiumError, match="does not exist"):
        read_submission(tmp_path / "none.csv", rules(), IDS, [0, 1])


def test_a_folder(tmp_path, rules):
    with pytest.raises(PodiumError, match="is no file"):
        read_submission(tmp_path, rules(), IDS, [0, 1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \r\n\n", "is empty", id="blank"),
        pytest.param(gzip.compress(b""), "is empty", id="gzipped nothing"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file", id="binary"),
        pytest.param(PLAIN.encode("utf-16"), "is a binary file", id="UTF-16"),
        pytest.param(gzip.compress(PLAIN.encode())[:-9], "gzip", id="truncated gzip"),
        pytest.param(b"\x1f\x8bnonsense", "gzip", id="no gzip"),
        pytest.param(HEADER, "has a header and no rows", id="header alone"),
        pytest.param("\n".join(LINES), "line 1: the header is '30,0'; allowed: Id,Label", id="no header"),
        pytest.param(PLAIN.replace("Label", "label"), "line 1: the header is", id="other case"),
        pytest.param(PLAIN.replace(HEADER, "Id,Label,Extra"), "line 1: the header is", id="column too many"),
        pytest.param(PLAIN.replace(HEADER, "Id"), "line 1: the header is", id="column too few"),
        pytest.param(PLAIN.replace(",", "\t"), "line 1: the header is", id="tabs"),
        pytest.param(PLAIN.replace("12,1\n", ""), "1 of 4 ids are missing, first 12", id="missing id"),
        pytest.param(f"{HEADER}\n30,0\n", "3 of 4 ids are missing, first 7", id="missing ids"),
        pytest.param(PLAIN + "7,1\n", "line 6: id '7' stands twice", id="duplicate id"),
        pytest.param(PLAIN + "7,1\n5,1\n5,1\n", "twice; more rows than the 4 ids", id="rows without end"),
        pytest.param(
            PLAIN.replace("12,", "7,").replace("5,", "7,"),
            "line 4: id '7' stands twice (and 1 more",
            id="duplicate ids",
        ),
        pytest.param(PLAIN.replace("12,", "13,"), "line 4: '13' is no id of these rows", id="unknown id"),
        pytest.param(PLAIN.replace("12,", "12.5,"), "line 4: '12.5' is no id of these rows", id="fractional id"),
        pytest.param(PLAIN.replace("12,", ","), "line 4: '' is no id", id="empty id"),
        pytest.param(PLAIN.replace("12,", f"{2**70},"), "is no id", id="huge id"),
        pytest.param(PLAIN.replace("12,", "1e400,"), "is no id", id="infinite id"),
        pytest.param(
            PLAIN.replace("7,1\n", "7,1\n\n\n").replace("12,1", "12,2"), "line 6: '2'", id="blank lines count"
        ),
        pytest.param(
            PLAIN.replace(",1", ",2"), "line 3: '2' is no label (and 1 more line like it)", id="labels outside"
        ),
        pytest.param(PLAIN.replace(",1", ",0.5"), "line 3: '0.5' is no label", id="probability for a label"),
        pytest.param(PLAIN.replace(",1", ",NaN"), "line 3: 'NaN' is no label", id="NaN"),
        pytest.param(PLAIN.replace(",1", ",inf"), "line 3: 'inf' is no label", id="infinite"),
        pytest.param(PLAIN.replace(",1", ",1e300"), "line 3: '1e300' is no label", id="huge label"),
        pytest.param(PLAIN.replace(",1", ",yes"), "line 3: 'yes' is no label", id="text"),
        pytest.param(PLAIN.replace(",1", ","), "line 3: '' is no label", id="no label"),
        pytest.param(PLAIN.replace("7,1", "7"), "line 3: a line has two fields, and this one 1", id="field too few"),
        pytest.param(
            PLAIN.replace("7,1", "7,1,5"),
            "line 3: a line has two fields, and this one 3",
            id="field too many in one line",
        ),
        pytest.param(
            PLAIN.replace(",1", ",1,5").replace(",0", ",0,5"),
            "and this one 3 (and 3 more lines",
            id="decimal commas",
        ),
        pytest.param(PLAIN.replace("7,1", '7,"1'), "line 3", id="open quote"),
        pytest.param(PLAIN.replace(",1", ",{0}"), "line 3: '{0}' is no label", id="braces"),
    ],
)
def test_a_mistake_gives_one_line(read, content, message):
    with pytest.raises(PodiumError) as caught:
        read(content)
    text = str(caught.value)
    assert text.startswith("mine.csv")
    assert message in text
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.parametrize("found", ["nan", "", "inf", "-inf", "1e999", "high", "0,5"])
@pytest.mark.parametrize("kind", ["value", "probability"])
def test_numbers_must_be_finite(read, rules, found, kind):
    definition = rules("regression") if kind == "value" else rules(submission={"kind": "probability"})
    content = PLAIN.replace("7,1", f'7,"{found}"')
    with pytest.raises(PodiumError, match=f"mine.csv: line 3: '{found}' is no finite number"):
        read(content, definition, classes=() if kind == "value" else (0, 1))


@pytest.mark.parametrize("found", ["-0.01", "1.01", "100"])
def test_probabilities_lie_between_0_and_1(read, rules, found):
    with pytest.raises(PodiumError, match=f"line 3: '{found}' is no probability.*allowed: 0 to 1"):
        read(PLAIN.replace("7,1", f"7,{found}"), rules(submission={"kind": "probability"}))


@pytest.mark.parametrize("packed", [False, True])
def test_a_gigantic_file_is_not_read_to_its_end(read, packed):
    content = PLAIN.encode() + b"7,1\n" * 2**19
    with pytest.raises(PodiumError, match="is larger than 1 MiB"):
        read(gzip.compress(content) if packed else content)


@pytest.mark.parametrize(
    ("filler", "message"),
    [
        (b"7,1\n" * 500, "line 6: id '7' stands twice; more rows than the 4 ids"),
        (b"8,1\n" * 500, "line 6: '8' is no id of these rows; allowed: such as 30; more rows than the 4 ids"),
        (b"7,1\n" * 9_000, "has 9,005 lines, many more rows than the 4 ids"),
        (b"\n" * 9_000, "has 9,005 lines, many more rows than the 4 ids"),
        (b"," * 200_000, "line 6: the line is longer than 131,072 characters"),
    ],
)
def test_more_rows_than_ids(read, filler, message):
    with pytest.raises(PodiumError) as caught:
        read(PLAIN.encode() + filler)
    assert str(caught.value) == f"mine.csv{' ' if message.startswith('has') else ': '}{message}"


def test_an_error_never_tells_a_true_label(read, rules):
    """The answer is no argument of `read_submission`; a message shows what was given and what is allowed at all."""
    definition = rules("multiclass")
    with pytest.raises(PodiumError) as caught:
        read("Id,Label\n7,blue\n30,red\n12,red\n5,red\n", definition, classes=["green", "red"])
    assert str(caught.value) == "mine.csv: line 2: 'blue' is no label; allowed: green, red"


def test_a_long_value_is_shortened(read):
    with pytest.raises(PodiumError) as caught:
        read(PLAIN.replace("7,1", f"7,{'x' * 10_000}"))
    assert len(str(caught.value)) < 200


# --- writing ---


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_what_is_written_reads_back(tmp_path, rules, name):
    definition = rules("multiclass")
    predictions = Predictions(np.array([2, 0, 1, 0], dtype=np.int32))
    classes = ["a,b", 'say "no"', "ñ"]
    write_submission(submission_table(definition, IDS, predictions, classes), tmp_path / name)
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    again = read_submission(tmp_path / name, definition, IDS[::-1], classes)
    assert again.predictions.values.tolist() == [0, 1, 0, 2]


def test_probabilities_are_asked_of_a_solution_that_has_none(rules):
    definition = rules(submission={"kind": "probability"})
    with pytest.raises(PodiumError, match="no predict_proba"):
        submission_table(definition, IDS, Predictions(np.zeros(4, dtype=np.int32)), [0, 1])


@given(st.data())
def test_a_written_submission_reads_back(tmp_path_factory, make_rules, data):
    ids = np.array(data.draw(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30, unique=True)))
    values = np.array(
        data.draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=len(ids), max_size=len(ids)))
    )
    definition = Competition.model_validate(make_rules("regression"))
    path = tmp_path_factory.mktemp("round") / "s.csv"
    write_submission(submission_table(definition, ids, Predictions(values), []), path)
    shuffled = data.draw(st.permutations(range(len(ids))))
    again = read_submission(path, definition, ids[shuffled], [])
    np.testing.assert_array_equal(again.predictions.values, values[shuffled])


@given(
    st.binary(max_size=300)
    | st.text(alphabet='Id,Label;\n\r"01\t .e-', max_size=80).map(lambda t: f"Id,Label\n{t}".encode())
)
def test_no_bytes_whatever_give_anything_but_one_line(tmp_path_factory, make_rules, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    with warnings.catch_warnings(action="error"), pytest.raises(PodiumError) as caught:
        read_submission(path, Competition.model_validate(make_rules()), IDS, [0, 1])
    assert "\n" not in str(caught.value)
