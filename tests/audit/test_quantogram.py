"""Steps are found where a label is written into digits, and nowhere else."""

import numpy as np
import pytest

from competition.audit.quantogram import class_lattices, signed_peak, unit_of

UNIT = 0.001


def written(generator, label, steps, spread=1.0, n=2_000):
    """Whole multiples of each class's step, rounded to three decimals."""
    counts = np.rint(np.exp(generator.normal(4, spread, n)))
    return np.round(counts * np.where(label, steps[1], steps[0]), 3)


@pytest.mark.parametrize("seed", range(8))
def test_the_step_of_each_class_is_found(seed):
    generator = np.random.default_rng(seed)
    # Steps that lie closer are missed now and then.
    step, apart = generator.uniform(0.02, 0.5), generator.uniform(0.01, 0.04)
    label = generator.random(2_000) < 0.3
    steps = step * (1 - apart), step * (1 + apart)
    values = written(generator, label, steps)
    peak = signed_peak(values, label.astype(float), UNIT)
    assert peak is not None
    assert peak.p_value < 1e-6
    lattices = class_lattices(values, label.astype(float), label.astype(int), UNIT)
    for lattice, true in zip(lattices, steps, strict=True):
        own = values[label == (true == steps[1])]
        assert np.mean(lattice.distance(own) < 1.0) > 0.9
        # A part of the step fits as well, where rounding lets one tell no more.
        assert true / lattice.step == pytest.approx(np.rint(true / lattice.step), abs=0.01)


def test_a_common_step_says_nothing():
    generator = np.random.default_rng(1)
    label = (generator.random(3_000) < 0.4).astype(float)
    values = written(generator, label > 2, (0.101, 0.101), n=3_000)
    peak = signed_peak(values, label, UNIT)
    assert peak is not None
    assert peak.p_value > 0.001


def test_p_values_are_held_where_the_label_follows_size():
    low = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        values = np.round(np.exp(generator.normal(2, 1, 600)), 2)
        label = (values + generator.normal(0, 5, 600) > 8).astype(float)
        peak = signed_peak(values, label, 0.01)
        assert peak is not None
        low += peak.p_value < 0.05
    assert low <= 20  # 5 % of 200 are 10, and three standard deviations are 9


def test_few_distinct_values_cannot_tell():
    assert signed_peak(np.arange(600) % 30, np.arange(600) % 2 * 1.0, 1.0) is None


def test_the_unit_is_the_last_decimal_that_is_used():
    assert unit_of(np.array([0.5, 1.25, 3.0]), np.array([1, 2, 0])) == pytest.approx(0.01)
    assert unit_of(np.array([5.0, 7.0]), np.array([0, 0])) == 1.0
