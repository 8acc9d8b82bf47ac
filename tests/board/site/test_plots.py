"""Plots stay in their squares and say what they show."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from competition.board.site.plots import CURVE_SIZE, TOO_LARGE, plots, wilson
from competition.results import Calibration


def by_title(by_hand, task, **changes):
    rules = by_hand.rules(task, n_splits=3)
    classes = ("low", "mid", "high") if task == "multiclass" else ("no", "yes")
    return {plot.title: plot for plot in plots(by_hand.result(rules, "a", 0.8, classes, **changes))}


def test_curves_are_steps_of_tenths_of_a_pixel(by_hand) -> None:
    made = by_title(by_hand, "binary")
    assert made["ROC"].path == "M0 220l110 -176 110 -44"
    assert made["ROC"].reference == "M0 220l220 -220"
    assert made["Precision and recall"].reference == "M0 110l220 0"


@pytest.mark.parametrize(
    ("task", "titles"),
    [
        ("binary", ["Precision and recall", "ROC", "Calibration"]),
        ("multiclass", ["Precision and recall", "ROC", "Calibration of the most probable class"]),
        ("regression", ["Spread of the predictions", "Residuals", "Calibration"]),
    ],
)
def test_each_task_has_its_plots_within_their_squares(by_hand, task, titles) -> None:
    made = by_title(by_hand, task)
    assert list(made) == titles
    for plot in made.values():
        assert plot.xticks
        assert plot.yticks
        assert all(0 <= tick.at <= CURVE_SIZE for tick in (*plot.xticks, *plot.yticks))
        assert all(0 <= x <= CURVE_SIZE and 0 <= y <= CURVE_SIZE for x, y in plot.points)
    ends = [float(number) for number in re.findall(r"-?[0-9.]+", made[titles[-1]].whiskers)]
    assert len(ends) == 3 * 2
    assert all(0 <= end <= CURVE_SIZE for end in ends)


def test_calibration_is_summed_up_beside_what_a_constant_gives(by_hand) -> None:
    made = by_title(by_hand, "binary", confusion=((60, 20), (10, 10)))["Calibration"]
    assert made.notes == (
        "Expected calibration error 0.0667.",
        "Brier score 0.1250; 0.1600 for a constant, the shares of the classes.",
    )
    assert made.points == ((22.0, 209.0), (132.0, 66.0))


def test_repeats_do_not_make_intervals_narrower(by_hand) -> None:
    result = by_hand.result(by_hand.rules(), "a", 0.8)
    once, twice = (plots(result, n)[-1].whiskers for n in (1, 2))
    lengths = [
        [abs(float(a) - float(b)) for a, b in re.findall(r"M[0-9.]+ ([0-9.]+)V([0-9.]+)", path)]
        for path in (once, twice)
    ]
    assert all(a < b for a, b in zip(*lengths, strict=True))


def test_without_probabilities_there_is_no_calibration(by_hand) -> None:
    assert "Calibration" not in by_title(by_hand, "binary", calibration=None)
    assert plots(by_hand.result(by_hand.rules(), "failed", None)) == ()


@given(st.integers(1, 500), st.data())
def test_wilsons_interval(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, math.inf, -math.inf, math.nan])
def test_values_too_large_to_be_drawn_are_named_instead(by_hand, value) -> None:
    curve = ((0.0, value), (0.5, 0.0), (1.0, -value))
    calibration = Calibration(
        kind="value", predicted=(0.0, 1.0), observed=(0.0, value), rows=(2, 2), quartiles=((0.0, 1.0),) * 2, error=value
    )
    changes = {"curves": {"quantiles": curve, "residuals": curve}, "calibration": calibration}
    made = by_title(by_hand, "regression", **changes)
    assert len(made) == 3
    for plot in made.values():
        assert plot.notes[0] == TOO_LARGE
        assert (plot.path, plot.points, plot.whiskers, plot.xticks, plot.yticks) == ("", (), "", (), ())


@pytest.mark.parametrize("value", [1e40, -0.1, math.inf, math.nan])
def test_shares_that_are_none_are_not_drawn(by_hand, value) -> None:
    calibration = Calibration(kind="probability", predicted=(0.1, value), observed=(0.1, value), rows=(5, 5), error=0.1)
    plot = by_title(by_hand, "binary", calibration=calibration)["Calibration"]
    assert plot.notes[0] == TOO_LARGE
    assert plot.points == ()


def test_a_share_may_exceed_one_by_a_rounding(by_hand) -> None:
    above = math.nextafter(1.0, 2.0)
    bins = {"predicted": (0.1, above), "observed": (0.1, above), "rows": (5, 10**9)}
    calibration = Calibration(kind="probability", **bins, error=0.1)
    assert by_title(by_hand, "binary", calibration=calibration)["Calibration"].points[-1] == (220.0, 0.0)
