"""Rounding is no data: numbers that are equal in rational arithmetic count as equal, others do not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bench.statistics.arrays import difference, tied
from bench.statistics.equivalence import assess_estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.statistics.leading_set import leading_set
from bench.statistics.rankings import rank_methods
from bench.statistics.seed_equivalents import difference_in_seed_equivalents
from bench.statistics.tests import paired_t

TENTHS = [Fraction(1, 10), Fraction(2, 10), Fraction(4, 10)]
ONE_ORDER, OTHER_ORDER = (0.1 + 0.2) + 0.4, (0.1 + 0.4) + 0.2  # 7/10, and 7/10 but for a last digit


def test_the_two_orders_differ_although_the_sum_is_one():
    assert ONE_ORDER != OTHER_ORDER and sum(TENTHS) == Fraction(7, 10)


def test_differences_of_equal_numbers_are_zero_and_small_ones_are_kept():
    assert difference([ONE_ORDER, ONE_ORDER], [OTHER_ORDER, ONE_ORDER - 1e-9]) == pytest.approx([0.0, 1e-9], rel=1e-6)
    assert difference(ONE_ORDER, OTHER_ORDER) == 0.0
    assert difference([1e-300, np.inf, np.nan, 0.0], [2e-300, 1.0, 1.0, 0.0]) == pytest.approx(
        [-1e-300, np.inf, np.nan, 0.0], nan_ok=True
    )


def test_ties_do_not_depend_on_the_size_of_other_values():
    assert tied([1e9, 1e-9, 2e-9, np.nan]).tolist()[0][:3] == [1e9, 1e-9, 2e-9]
    assert len(set(tied([ONE_ORDER, 1.0, OTHER_ORDER])[0])) == 2


def test_ranks_of_equal_means_tie():
    found = rank_methods({"a": [ONE_ORDER] * 6, "b": [OTHER_ORDER] * 6, "c": [0.5] * 6})
    assert found.mean_ranks == (1.5, 1.5, 3.0)
    real = rank_methods({"a": [0.7 + 1e-9] * 6, "b": [0.7] * 6, "c": [0.5] * 6})
    assert real.mean_ranks == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("names", ["ab", "ba"])
@pytest.mark.parametrize("larger_is_better", [True, False])
def test_the_first_of_equal_means_is_the_best(names, larger_is_better):
    """Each variant's accuracies add up to the same in rational arithmetic, whatever their order."""
    values = {names[0]: [0.1, 0.2, 0.4] * 2, names[1]: [0.4, 0.1, 0.2] * 2}
    assert leading_set(values, larger_is_better=larger_is_better).best == names[0]
    values[names[1]] = [value + (1e-9 if larger_is_better else -1e-9) for value in values[names[1]]]
    assert leading_set(values, larger_is_better=larger_is_better).best == names[1]


def test_variants_that_differ_by_rounding_both_lead():
    found = leading_set({"a": [ONE_ORDER] * 8, "b": [OTHER_ORDER] * 8})
    assert found.members == ("a", "b") and found.p["b"] > 0.4
    real = leading_set({"a": [0.7 + 1e-9] * 8, "b": [0.7] * 8})
    assert real.members == ("a",) and real.p["b"] < 0.01


def test_a_paired_difference_of_rounding_is_none():
    found = paired_difference([ONE_ORDER] * 8, [OTHER_ORDER] * 8)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    verdict = assess_estimate(found, margin=0.5)
    assert verdict.p_different == 1.0 and verdict.word == "same"
    real = assess_estimate(paired_difference([0.7 + 1e-9] * 8, [0.7] * 8), margin=0.5)
    assert real.p_different == pytest.approx(2**-7) and real.value == pytest.approx(1e-9, rel=1e-6)


def test_a_difference_exactly_at_the_margin_is_not_within_it():
    assert paired_t([ONE_ORDER, OTHER_ORDER, ONE_ORDER] * 3, null=0.7).p == 1.0
    assert paired_t([0.7 + 1e-9] * 9, null=0.7).p == pytest.approx(2**-8)
    verdict = assess_estimate(seed_mean([OTHER_ORDER] * 8), margin=ONE_ORDER)
    assert verdict.p_equivalent == 1.0
    assert assess_estimate(seed_mean([0.7 - 1e-9] * 8), margin=0.7).p_equivalent < 0.01


def test_equal_agreement_is_no_difference_in_seed_equivalents():
    found = difference_in_seed_equivalents([ONE_ORDER] * 4, [OTHER_ORDER] * 4, [0.5, 0.4, 0.6, 0.5])
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
