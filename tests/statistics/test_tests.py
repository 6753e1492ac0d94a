from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics import tests
from bench.statistics.intervals import of_image_means, seed_mean, seeds_and_images

DIFFERENCES = st.lists(st.integers(-50, 50).map(lambda x: x / 10), min_size=2, max_size=9)
SLEEP = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]  # Student 1908, drug 1


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_paired_t_is_scipys(alternative):
    found = tests.paired_t(SLEEP, alternative=alternative)
    expected = stats.ttest_1samp(SLEEP, 0.0, alternative=alternative)
    assert (found.statistic, found.p, found.df) == pytest.approx((expected.statistic, expected.pvalue, 9))


def test_t_of_an_interval_over_seeds_is_the_paired_t():
    for alternative in ("two-sided", "greater", "less"):
        from_interval = tests.t_of(seed_mean(SLEEP), null=0.5, alternative=alternative)
        assert from_interval.p == pytest.approx(tests.paired_t(SLEEP, null=0.5, alternative=alternative).p)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_sign_flip_is_scipys_exact_permutation(alternative):
    found = tests.sign_flip(SLEEP, alternative=alternative)
    expected = stats.permutation_test(
        (np.array(SLEEP),), np.mean, permutation_type="samples", n_resamples=2_000, alternative=alternative
    )
    assert found.p == pytest.approx(expected.pvalue)
    assert "1024 patterns" in found.test


def test_sign_flip_of_darwins_maize():
    """Fisher 1935: of the 32,768 patterns 1,726 are as extreme, p = 0.0527."""
    darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert tests.sign_flip(darwin).p == pytest.approx(1726 / 32768)


@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 6, 12])
def test_the_smallest_p_is_reached_when_all_agree_in_sign(seeds):
    differences = np.arange(1, seeds + 1)
    assert tests.sign_flip(differences).p == tests.smallest_attainable_p(seeds) == 2.0 ** (1 - seeds)
    assert tests.sign_flip(differences, alternative="greater").p == tests.smallest_attainable_p(seeds, "greater")


def test_five_seeds_never_reach_five_percent_and_six_do():
    assert tests.smallest_attainable_p(5) > 0.05 >= tests.smallest_attainable_p(6)
    assert tests.smallest_attainable_p(0) == 1.0


def test_many_seeds_are_drawn_with_the_plus_one_correction_and_a_named_seed():
    differences = np.full(20, 1.0) + np.arange(20) / 100
    found = tests.sign_flip(differences, draws=999, seed=7)
    assert found.p == pytest.approx(1 / 1000)
    assert found.smallest_attainable_p == pytest.approx(1 / 1000)
    assert "seed 7" in found.test
    assert tests.sign_flip(differences, draws=999, seed=7) == found


def test_drawn_patterns_agree_with_the_exact_ones():
    differences = np.random.default_rng(3).normal(0.3, 1, 17)
    exact = (np.abs(tests._all_signs(17) @ differences) >= abs(differences.sum()) - 1e-9).mean()
    assert tests.sign_flip(differences, draws=20_000).p == pytest.approx(exact, abs=0.015)


def test_identical_differences_hand_over_to_the_sign_flip():
    found = tests.paired_t([0.3, 0.1 + 0.2, 0.3, 0.3])
    assert found.p == 2.0**-3
    assert "sign-flip" in found.test
    assert "undefined" in found.warning
    assert tests.paired_t([0.0] * 6).p == 1.0


def test_rows_at_once_are_the_rows_one_by_one():
    rng = np.random.default_rng(0)
    rows = rng.normal(0.3, 1, (6, 7))
    rows[1, 2] = rows[2, 1:] = np.nan
    rows[3], rows[4], rows[5] = 0.0, 0.1 + 0.2, np.nan
    expected = [tests.paired_t(row).p for row in rows]
    assert tests.paired_t_of_rows(rows) == pytest.approx(expected, nan_ok=True)
    assert expected[3:5] == [1.0, 2.0**-6]


def test_too_few_seeds_have_no_p_and_say_why():
    for found in (
        tests.paired_t([0.3]),
        tests.paired_t([np.nan, 0.3]),
        tests.t_of(seed_mean([0.3])),
        tests.sign_flip([]),
    ):
        assert np.isnan(found.p)
        assert found.warning


def test_images_are_not_tested_as_if_they_were_seeds():
    one_seed = seeds_and_images(*of_image_means(np.random.default_rng(0).random((1, 1000))))
    assert np.isnan(tests.t_of(one_seed).p)


def test_row_permutation_finds_a_correlation_and_no_more_than_its_floor():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(40)
    y = x + rng.standard_normal(40)
    found = tests.row_permutation(lambda order: float(np.corrcoef(x, y[order])[0, 1]), 40, draws=199)
    assert found.p == found.smallest_attainable_p == pytest.approx(1 / 200)
    assert found.unit == "image"


def test_row_permutation_of_a_constant_measure_is_one():
    assert tests.row_permutation(lambda _: 0.3, 10, draws=19).p == 1.0
    assert np.isnan(tests.row_permutation(lambda _: float("nan"), 10, draws=19).p)


def test_row_permutation_keeps_its_level():
    rng = np.random.default_rng(1)
    rejected = 0
    for repeat in range(300):
        x, y = rng.standard_normal((2, 15))
        table = np.outer(x, y)

        def product(order: np.ndarray, table: np.ndarray = table) -> float:
            return float(table[np.arange(15), order].sum())

        rejected += tests.row_permutation(product, 15, draws=59, seed=repeat).p <= 0.05
    assert rejected <= 26  # 99.7% of Binomial(300, 0.05)


@settings(max_examples=60)
@given(DIFFERENCES)
def test_sign_flip_does_not_know_left_from_right(differences):
    mirrored = [-each for each in differences]
    assert tests.sign_flip(differences).p == tests.sign_flip(mirrored).p
    assert tests.sign_flip(differences, alternative="greater").p == tests.sign_flip(mirrored, alternative="less").p


@settings(max_examples=60)
@given(DIFFERENCES, st.randoms())
def test_sign_flip_does_not_know_the_order_and_keeps_its_floor(differences, random):
    shuffled = list(differences)
    random.shuffle(shuffled)
    found = tests.sign_flip(differences)
    assert tests.sign_flip(shuffled).p == found.p
    assert found.smallest_attainable_p <= found.p <= 1


@settings(max_examples=60)
@given(DIFFERENCES, st.floats(0.1, 100))
def test_no_test_depends_on_the_unit_of_measurement(differences, factor):
    assume(np.ptp(differences) > 0)
    scaled = np.array(differences) * factor
    assert tests.paired_t(scaled).p == pytest.approx(tests.paired_t(differences).p, rel=1e-6, abs=1e-12)
    assert tests.sign_flip(scaled).p == tests.sign_flip(differences).p


@pytest.mark.parametrize("test", [tests.paired_t, tests.sign_flip])
def test_what_is_infinite_is_left_out_with_a_warning(test):
    found = test([np.inf, 1.0, 2.0, np.nan])
    assert (found.n, found.warning) == (2, "1 infinite difference left out.")
    assert not test([np.nan, 1.0, 2.0]).warning


def test_values_that_are_no_vector_are_refused():
    with pytest.raises(InputError, match="shape"):
        tests.paired_t([[0.1], [0.2]])
    with pytest.raises(InputError, match="draws"):
        tests.row_permutation(lambda _: 1.0, 10, draws=0)
