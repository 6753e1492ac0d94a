from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics import intervals
from bench.statistics.equivalence import assess_estimate

SEEDS = st.lists(st.floats(-10, 10).map(lambda x: round(x, 3)), min_size=2, max_size=12)


def test_the_seed_mean_is_students_interval():
    values = np.array([0.91, 0.93, 0.90, 0.95, 0.92])
    found = intervals.seed_mean(values)
    expected = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.n, found.unit, found.df) == (5, "seed", 4)


def test_the_combined_variance_is_the_sum_of_its_parts():
    values = np.array([0.5, 0.6, 0.7])
    psi = np.array([[1.0, -1.0, 0.5, -0.5], [1.0, -1.0, 0.0, 0.0], [1.0, -1.0, -0.5, 0.5]])
    found = intervals.seeds_and_images(values, psi)
    shared = np.array([1.0, -1.0, 0.0, 0.0])
    of_seeds, of_images = 0.01 / 3, (shared**2).sum() / 12
    n_eff = 2.0
    df = (of_seeds + of_images) ** 2 / (of_seeds**2 / 2 + of_images**2 / n_eff)
    assert found.standard_error == pytest.approx(np.sqrt(of_seeds + of_images))
    assert found.df == pytest.approx(df)
    assert "handful" in found.warning


def test_the_jackknife_influence_of_a_mean_gives_the_textbook_error():
    right = np.array([[1, 0, 1, 1, 0, 1, 1, 1, 1, 0]])
    values, psi = intervals.of_image_means(right)
    found = intervals.seeds_and_images(values, psi)
    assert found.value == pytest.approx(0.7)
    assert found.standard_error == pytest.approx(stats.sem(right[0]))


def test_one_seed_is_an_interval_over_images_and_says_so():
    values, psi = intervals.of_image_means(np.random.default_rng(0).random((1, 50)))
    found = intervals.seeds_and_images(values, psi)
    assert (found.unit, found.n) == ("image", 50)
    assert found.warning == intervals.IMAGES_ONLY
    assert found.low < found.value < found.high


def test_one_seed_without_images_has_no_interval():
    found = intervals.seed_mean([0.9])
    assert found.value == 0.9
    assert np.isnan([found.low, found.high]).all()
    assert "One seed" in found.warning


def test_no_seed_at_all():
    found = intervals.seed_mean([np.nan, np.nan])
    assert found.n == 0
    assert np.isnan([found.value, found.low, found.high]).all()


def test_seeds_without_a_value_are_left_out_and_counted():
    found = intervals.seed_mean([0.1, np.nan, 0.3, 0.2])
    assert (found.n, found.value) == (3, pytest.approx(0.2))
    assert "1 of 4 seeds" in found.warning


def test_identical_seeds_give_a_point_and_say_so():
    found = intervals.seed_mean([0.1 + 0.2, 0.3, 0.3])
    assert (found.low, found.high) == (found.value, found.value)
    assert found.warning == intervals.NO_SPREAD


def test_identical_seeds_keep_the_images_variance_but_their_own_degrees_of_freedom():
    found = intervals.seeds_and_images([0.5, 0.5], np.array([[1.0, -1.0] * 10] * 2))
    assert found.low < 0.5 < found.high
    assert found.df == 1
    assert intervals.NO_SPREAD in found.warning


def test_seeds_that_agree_by_chance_are_no_proof():
    """Two seeds that both lose 20 images of 1,000: images are not what is replicated."""
    lost = np.zeros((2, 1000))
    lost[0, :20] = lost[1, 500:520] = -1
    values, influence = intervals.of_image_means(lost)
    none, still = intervals.of_image_means(0 * lost)
    found = intervals.paired_difference(values, none, influence, still)
    assert found.value == pytest.approx(-0.02)
    verdict = assess_estimate(found, 0.005)
    assert verdict.word == "can't tell"
    assert verdict.p_different > 0.05
    assert intervals.NO_SPREAD in verdict.reason


def test_a_seed_without_influence_is_left_out_with_its_value():
    rng = np.random.default_rng(0)
    values, psi = np.array([0.5, 0.6, 0.7, 0.9]), rng.standard_normal((4, 30))
    expected = intervals.seeds_and_images(values[:3], psi[:3])
    psi[3, 2] = np.nan
    found = intervals.seeds_and_images(values, psi)
    assert (found.value, found.low, found.high, found.n) == (expected.value, expected.low, expected.high, 3)
    assert "1 of 4 seeds left out, whose images' influence is not a number." in found.warning


def test_no_seed_with_influence_is_no_value():
    found = intervals.seeds_and_images([0.5, 0.6, 0.7], np.full((3, 4), np.nan))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert "3 of 3 seeds" in found.warning


def test_images_add_no_more_degrees_of_freedom_than_the_seeds_have():
    rng = np.random.default_rng(0)
    psi = np.repeat(rng.standard_normal((1, 1000)), 3, axis=0)
    assert intervals.seeds_and_images([0.5, 0.5 + 1e-6, 0.5 - 1e-6], psi).df == 4
    assert intervals.seeds_and_images([0.1, 0.7, 0.9], psi).df == pytest.approx(2, rel=0.05)


def test_the_atanh_scale_keeps_the_interval_below_one():
    values, psi = np.array([0.999, 0.95, 0.99]), np.zeros((3, 10))
    on_raw = intervals.seeds_and_images(values, psi)
    on_atanh = intervals.seeds_and_images(values, psi, scale="atanh")
    assert on_raw.high > 1 > on_atanh.high > on_atanh.value
    assert on_raw.value == on_atanh.value == pytest.approx(values.mean())


def test_the_atanh_scale_is_the_delta_method_there_and_back():
    values = np.array([0.80, 0.84, 0.88, 0.82])
    found = intervals.seeds_and_images(values, None, scale="atanh")
    half = stats.t.ppf(0.975, 3) * stats.sem(values) / (1 - values.mean() ** 2)
    assert np.arctanh([found.low, found.high]) == pytest.approx(np.arctanh(values.mean()) + np.array([-half, half]))


def test_a_value_of_exactly_one_is_a_point_on_the_atanh_scale():
    values, psi = intervals.from_atanh(np.array([np.inf, np.inf]), np.full((2, 5), np.nan))
    found = intervals.seeds_and_images(values, psi, scale="atanh")
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_the_delta_method_from_the_atanh_scale():
    z = np.array([0.5, 1.0])
    values, psi = intervals.from_atanh(z, np.ones((2, 3)))
    assert values == pytest.approx(np.tanh(z))
    step = 1e-6
    assert psi[:, 0] == pytest.approx((np.tanh(z + step) - np.tanh(z - step)) / (2 * step))


def test_a_paired_difference_cancels_what_the_images_share():
    rng = np.random.default_rng(0)
    psi = rng.standard_normal((4, 100))
    first, second = np.array([0.9, 0.8, 0.85, 0.95]), np.array([0.85, 0.76, 0.79, 0.90])
    found = intervals.paired_difference(first, second, psi, psi)
    assert found.value == pytest.approx(0.05)
    assert found.standard_error == pytest.approx(stats.sem(first - second))


def test_a_paired_difference_uses_seeds_that_have_both():
    found = intervals.paired_difference([0.9, np.nan, 0.8], [0.8, 0.7, np.nan])
    assert (found.n, found.value) == (1, pytest.approx(0.1))


def test_proportions_against_published_values():
    wilson = intervals.proportion(81, 263)
    assert (wilson.low, wilson.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    exact = intervals.proportion(81, 263, method="clopper-pearson")
    assert (exact.low, exact.high) == pytest.approx((0.2527, 0.3676), abs=1e-4)
    assert intervals.proportion(0, 10).low == 0.0
    assert np.isnan(intervals.proportion(0, 0).value)


def test_the_effective_number_counts_equal_carriers_and_scales_away():
    assert intervals.effective_number(np.array([1.0, -1.0, 0.0, 1.0])) == pytest.approx(3)
    assert intervals.effective_number(np.array([2.0, 1.0, 0.0])) == pytest.approx(25 / 17)
    assert intervals.effective_number(np.array([1e-200, 1e-200])) == pytest.approx(2)
    assert np.isnan(intervals.effective_number(np.zeros(3)))


def test_satterthwaite_of_equal_variances_adds_the_degrees():
    assert intervals.satterthwaite([2.0, 2.0], [4, 6]) == pytest.approx(9.6)
    assert intervals.satterthwaite([2.0, 0.0], [4, np.nan]) == 4
    assert np.isnan(intervals.satterthwaite([0.0, 0.0], [4, 4]))


@given(SEEDS, st.floats(-5, 5), st.floats(0.1, 10))
def test_the_interval_moves_and_stretches_with_its_values(values, shift, factor):
    plain = intervals.seed_mean(values)
    moved = intervals.seed_mean(np.array(values) * factor + shift)
    assert moved.low == pytest.approx(plain.low * factor + shift, abs=1e-6)
    assert moved.high == pytest.approx(plain.high * factor + shift, abs=1e-6)


@given(SEEDS)
def test_a_difference_the_other_way_round_is_mirrored(values):
    zeros = np.zeros(len(values))
    one, other = intervals.paired_difference(values, zeros), intervals.paired_difference(zeros, values)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@settings(max_examples=20)
@given(st.integers(2, 10))
def test_images_never_narrow_the_interval_over_seeds(seeds):
    rng = np.random.default_rng(seeds)
    values, psi = rng.random(seeds), rng.standard_normal((seeds, 30))
    assert intervals.seeds_and_images(values, psi).standard_error >= intervals.seed_mean(values).standard_error


@pytest.mark.parametrize(
    "call",
    [
        lambda: intervals.seed_mean([[0.1, 0.2]]),
        lambda: intervals.seed_mean([0.1, 0.2], confidence=1.0),
        lambda: intervals.seeds_and_images([0.1, 0.2], np.zeros((3, 10))),
        lambda: intervals.paired_difference([0.1, 0.2], [0.1]),
        lambda: intervals.paired_difference([0.1, 0.2], [0.1, 0.3], np.zeros((2, 5))),
        lambda: intervals.paired_difference([0.1, 0.2], [0.1, 0.3], np.zeros((2, 5)), np.zeros((2, 4))),
        lambda: intervals.proportion(5, 4),
    ],
)
def test_shapes_and_numbers_that_cannot_be_are_refused(call):
    with pytest.raises(InputError):
        call()


@pytest.mark.parametrize("n", [1, 7, 100, 1000, 12345])
def test_a_proportion_is_within_its_interval(n):
    for successes in (0, n):
        found = intervals.proportion(successes, n)
        assert found.low <= found.value <= found.high


def test_a_seed_with_many_answers_counts_for_as_many():
    found = intervals.ratio_of_sums(np.array([1.0, 0.0, 30.0]), np.array([1, 0, 99]))
    assert found.value == pytest.approx(0.31)
    assert found.n == 2
    lone = intervals.ratio_of_sums(np.array([3.0]), np.array([4]))
    assert lone.value == 0.75
    assert np.isnan([lone.low, lone.high]).all()


def test_with_as_many_answers_a_seed_the_interval_is_the_ts_over_seeds():
    right = np.array([3.0, 5.0, 4.0, 6.0])
    found, expected = intervals.ratio_of_sums(right, np.full(4, 10)), intervals.seed_mean(right / 10)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
