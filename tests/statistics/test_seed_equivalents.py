from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics.equivalence import assess_estimate
from bench.statistics.seed_equivalents import (
    IDENTICAL,
    NO_OTHER,
    NO_SCALE,
    TOO_FEW,
    difference_in_seed_equivalents,
    seed_equivalents,
)


def pairs(values: list[float]) -> np.ndarray:
    """(S, S) where the pair of seeds i and j has the mean of their two values."""
    column = np.array(values)
    return (column[:, None] + column) / 2


def test_half_as_different_as_another_seed():
    found = seed_equivalents([0.9, 0.9, 0.9, 0.9], pairs([0.8, 0.8, 0.8, 0.8]))
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert (found.n, found.unit) == (4, "seed")


def test_the_interval_is_the_jackknife_on_the_log():
    near, far = np.array([0.9, 0.95, 0.92]), np.array([0.6, 0.7, 0.65])
    found = seed_equivalents(near, far)
    keep, pair_left = [[1, 2], [0, 2], [0, 1]], [1, 2, 0]
    logs = np.log([(1 - near[k].mean()) / (1 - far[pair]) for k, pair in zip(keep, pair_left)])
    error = np.sqrt(2 / 3 * ((logs - logs.mean()) ** 2).sum())
    assert found.standard_error == pytest.approx(error)
    half = stats.t.ppf(0.975, 2) * error
    assert np.log([found.low, found.high]) == pytest.approx(np.log(found.value) + np.array([-half, half]))


def test_leaving_a_seed_out_removes_all_its_pairs():
    near = np.array([0.9, 0.9, 0.9])
    far = np.array([[np.nan, 0.5, 0.5], [0.5, np.nan, 0.8], [0.5, 0.8, np.nan]])
    found = seed_equivalents(near, far)
    logs = np.log(0.1 / (1 - np.array([0.8, 0.5, 0.5])))
    assert found.standard_error == pytest.approx(np.sqrt(2 / 3 * ((logs - logs.mean()) ** 2).sum()))


def test_each_seed_with_the_next_is_a_ring_of_pairs():
    near, far = [0.9, 0.92, 0.95, 0.93], [0.6, 0.7, 0.65, 0.8]
    ring = np.full((4, 4), np.nan)
    ring[[0, 1, 2, 3], [1, 2, 3, 0]] = far
    assert seed_equivalents(near, far) == seed_equivalents(near, ring)


def test_the_diagonal_is_not_read_and_missing_pairs_are_left_out():
    far = pairs([0.8, 0.8, 0.8])
    np.fill_diagonal(far, 1.0)
    far[0, 1] = far[1, 0] = np.nan
    assert seed_equivalents([0.9, 0.9, 0.9], far).value == pytest.approx(0.5)
    assert far[0, 0] == 1.0


def test_a_network_that_did_not_change_is_at_zero():
    found = seed_equivalents([1.0, 1.0, 1.0 + 1e-16], pairs([0.8, 0.7, 0.8]))
    assert (found.value, found.low, found.high, found.warning) == (0.0, 0.0, 0.0, IDENTICAL)


def test_without_a_scale_there_is_no_number():
    same = seed_equivalents([0.9, 0.9], [1.0, 1.0])
    absent = seed_equivalents([0.9, 0.9], [np.nan, np.nan])
    nothing = seed_equivalents([np.nan, np.nan], [0.8, 0.8])
    assert np.isnan([same.value, absent.value, nothing.value]).all()
    assert (same.warning, absent.warning) == (NO_SCALE, NO_OTHER)
    assert nothing.n == 0


@pytest.mark.parametrize(("near", "far"), [([0.9], [0.8]), ([0.9, 0.95], pairs([0.8, 0.8])), ([0.9], [[np.nan]])])
def test_too_few_seeds_have_no_interval(near, far):
    found = seed_equivalents(near, far)
    assert np.isnan([found.low, found.high]).all()
    assert found.warning in (TOO_FEW, NO_OTHER)


def test_one_seed_that_alone_differs_keeps_the_interval_above_zero():
    found = seed_equivalents([1.0, 1.0, 0.9], [0.8, 0.8, 0.8])
    assert found.low == 0.0
    assert found.high > found.value > 0


def test_seeds_without_a_value_take_their_pairs_with_them():
    far = pairs([0.8, 0.2, 0.8, 0.8])
    assert seed_equivalents([0.9, np.nan, 0.9, 0.9], far).value == pytest.approx(0.5)


def test_the_difference_to_the_control_can_be_held_against_a_margin():
    control = np.array([0.95, 0.94, 0.96, 0.95, 0.95, 0.94])
    compressed = np.array([0.90, 0.90, 0.91, 0.89, 0.90, 0.89])
    scale = pairs([0.8, 0.81, 0.79, 0.8, 0.8, 0.8])
    found = difference_in_seed_equivalents(compressed, control, scale)
    assert found.value == pytest.approx((control - compressed).mean() / 0.2)
    assert assess_estimate(found, margin=0.1).word == "changed"
    same = difference_in_seed_equivalents(control, control, scale)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


@given(st.lists(st.floats(0.0, 0.99), min_size=3, max_size=8), st.floats(0.01, 1))
def test_the_scale_of_the_measure_drops_out(agreements, factor):
    near, far = np.array(agreements), pairs([0.5 + 0.05 * i for i in range(len(agreements))])
    plain = seed_equivalents(near, far)
    shrunk = seed_equivalents(1 - factor * (1 - near), 1 - factor * (1 - far))
    assert (shrunk.value, shrunk.low, shrunk.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="other_seed"):
        seed_equivalents([0.9, 0.8], np.zeros((3, 3)))
    with pytest.raises(InputError, match="compressed"):
        difference_in_seed_equivalents([0.9], [0.9, 0.8], [0.5, 0.5])
