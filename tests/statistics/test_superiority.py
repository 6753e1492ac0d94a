from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics import superiority
from bench.statistics.crossed import crossed_difference
from bench.statistics.intervals import proportion
from bench.statistics.superiority import beats, beats_on_new_images, none_of, on_networks

VALUES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def test_ties_count_half_and_the_interval_is_clopper_and_pearsons():
    found = beats([3, 3, 3, 1, 2, 2], [1, 1, 2, 1, 2, 3])  # three wins, two ties, one loss
    exact = proportion(4, 6, method="clopper-pearson")
    assert found.value == 4 / 6
    assert (found.low, found.high, found.n) == (exact.low, exact.high, 6)


def test_half_a_win_is_rounded_outwards():
    found = beats([2, 2, 1], [1, 2, 2])
    assert found.value == 0.5
    assert found.low == proportion(1, 3, method="clopper-pearson").low
    assert found.high == proportion(2, 3, method="clopper-pearson").high


def test_six_wins_of_six_leave_half_possible():
    """0.025^(1/6) = 0.54: six seeds cannot say more."""
    found = beats(np.ones(6), np.zeros(6))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 6))


def test_rounding_is_a_tie_and_missing_seeds_are_left_out():
    found = beats([0.1 + 0.2, np.nan, 0.5], [0.3, 0.1, np.nan])
    assert (found.value, found.n) == (0.5, 1)
    assert found.warning == superiority.ONE_SEED
    assert np.isnan(beats([np.nan], [1]).value)


@given(VALUES)
def test_what_one_wins_the_other_loses(pairs):
    first, second = np.array(pairs, dtype=float).T
    there, back = beats(first, second), beats(second, first)
    assert there.value == pytest.approx(1 - back.value)
    assert there.low == pytest.approx(1 - back.high)
    assert there.low <= there.value <= there.high


def test_the_exact_interval_covers_with_ties():
    rng = np.random.default_rng(0)
    for win, tie in [(0.5, 0.0), (0.3, 0.4), (0.75, 0.2)]:
        draws = rng.choice([1.0, 0.0, -1.0], (1000, 6), p=[win, tie, 1 - win - tie])
        found = [beats(draw, np.zeros(6)) for draw in draws]
        assert np.mean([each.low <= win + tie / 2 <= each.high for each in found]) >= 0.95


def test_new_images_by_the_normal_model():
    """Normal differences of mean 0.02, SD 0.01 between trainings, 0.5 between images and 0.5 of both."""
    rng = np.random.default_rng(0)
    expected = stats.norm.cdf(0.02 / np.sqrt(0.01**2 + (0.5**2 + 0.5**2) / 2000))
    found = []
    for _ in range(60):
        apart = 0.02 + rng.normal(0, 0.01, (20, 1)) + rng.normal(0, 0.5, 2000) + rng.normal(0, 0.5, (20, 2000))
        found.append(beats_on_new_images(apart, np.zeros((20, 2000))))
    assert np.median([each.value for each in found]) == pytest.approx(expected, abs=0.03)
    assert np.mean([each.low <= expected <= each.high for each in found]) >= 0.9
    assert found[0].interval == superiority.NEW_IMAGES


def test_new_images_without_a_difference_or_without_a_spread():
    table = (np.random.default_rng(0).random((6, 99)) < 0.8).astype(float)
    same = beats_on_new_images(table, table)
    assert (same.value, same.n) == (0.5, 6)
    assert np.isnan(same.low)
    assert same.warning == crossed_difference(table, table).warning
    assert beats_on_new_images(np.ones((6, 9)), np.zeros((6, 9))).value == 1
    assert np.isnan(beats_on_new_images(table[:1], table[:1]).value)
    worse = np.where(np.arange(99) < 20, 0.0, table)
    assert beats_on_new_images(table, worse).value == pytest.approx(1 - beats_on_new_images(worse, table).value)


def test_partial_conjunction_by_hand():
    """4·0.001, 3·0.004, 2·0.02 and 0.6, each at least the one before."""
    found = on_networks([0.6, 0.001, 0.02, 0.004])
    assert found is not None
    assert found.p == pytest.approx((0.004, 0.012, 0.04, 0.6))
    assert (found.least, found.networks, found.text) == (3, 4, "on at least 3 of 4 networks")


def test_the_conjunction_over_all_networks_is_the_largest_p():
    found = on_networks([0.01, 0.02, 0.05])
    assert found is not None
    assert (found.least, found.p[-1]) == (3, 0.05)


def test_a_p_may_not_fall_with_k():
    found = on_networks([0.02, 0.02, 0.02])
    assert found is not None
    assert found.p == pytest.approx((0.06, 0.06, 0.06))
    assert found.least == 0


def test_fewer_than_three_networks_say_nothing():
    assert on_networks([0.001, 0.001]) is None
    assert on_networks([0.001, 0.001, np.nan]) is None


def test_more_networks_are_claimed_in_at_most_a_share_alpha_of_experiments():
    """Two of five networks have the effect, and the networks' tests depend on each other, by shared images."""
    rng = np.random.default_rng(0)
    z = np.sqrt(0.7) * rng.normal(size=(4000, 1)) + np.sqrt(0.3) * rng.normal(size=(4000, 5)) + [5, 5, 0, 0, 0]
    found = [on_networks(p) for p in stats.norm.sf(z)]
    assert np.mean([each is not None and each.least > 2 for each in found]) <= 0.05


def test_the_rule_of_three():
    assert none_of(599) == pytest.approx(3 / 599, rel=0.002)
    assert none_of(1000) == pytest.approx(1 - 0.05 ** (1 / 1000), rel=0.002)
    assert none_of(1) == 1


def test_bad_input():
    with pytest.raises(InputError, match="shape"):
        beats([1, 2], [1])
    with pytest.raises(InputError, match="between 0 and 1"):
        on_networks([0.1, 0.2, 1.5])
    with pytest.raises(InputError, match="one case"):
        none_of(0)
