from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from bench.errors import InputError
from bench.statistics.equivalence import INCONCLUSIVE, assess, assess_estimate, corrected, decide
from bench.statistics.intervals import of_image_means, seed_mean, seeds_and_images
from bench.statistics.multiplicity import holm
from bench.statistics.tests import paired_t

DIFFERENCES = st.lists(st.integers(-100, 100).map(lambda x: x / 100), min_size=2, max_size=12)


@pytest.mark.parametrize(
    ("differences", "word"),
    [
        ([0.01, -0.02, 0.02, -0.01, 0.015, -0.012], "equivalent"),
        ([0.9, 1.0, 1.1, 0.95, 1.05, 1.02], "different"),
        ([0.10, 0.11, 0.09, 0.12, 0.10, 0.11], "different, by less than matters"),
        ([-2.0, 2.5, -1.0, 1.5, 0.3, -0.2], "inconclusive"),
    ],
)
def test_each_word_has_its_plain_case(differences, word):
    assert assess(differences, margin=0.5).word == word


def test_both_p_values_are_those_of_statsmodels():
    differences = np.random.default_rng(0).normal(0.1, 0.3, 8)
    found = assess(differences, margin=0.4)
    p, lower, upper = DescrStatsW(differences).ttost_mean(-0.4, 0.4)
    assert (found.p_equivalent, found.p_lower, found.p_upper) == pytest.approx((p, lower[1], upper[1]))
    assert found.p_different == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    assert found.sd == pytest.approx(differences.std(ddof=1))


@settings(max_examples=200)
@given(DIFFERENCES, st.floats(0.01, 2), st.sampled_from([0.01, 0.05, 0.1]))
def test_equivalent_is_the_interval_inside_the_margins(differences, margin, alpha):
    assume(np.ptp(differences) > 0)
    found = assess(differences, margin, alpha=alpha)
    inside = -margin < found.low and found.high < margin
    assume(min(abs(found.low + margin), abs(found.high - margin)) > 1e-9)
    assert (found.p_equivalent <= alpha) == inside
    assert (found.word in ("equivalent", "different, by less than matters")) == inside


@settings(max_examples=200)
@given(DIFFERENCES, st.floats(0.01, 2))
def test_different_is_the_paired_t(differences, margin):
    found = assess(differences, margin)
    assert found.word.startswith("different") == (paired_t(differences).p <= 0.05)


@given(DIFFERENCES, st.floats(0.01, 2))
def test_the_mirrored_difference_has_the_same_verdict(differences, margin):
    one, other = assess(differences, margin), assess([-each for each in differences], margin)
    assert one.word == other.word
    assert (one.p_lower, one.p_upper) == pytest.approx((other.p_upper, other.p_lower))


@given(DIFFERENCES, st.floats(0.01, 1))
def test_a_wider_margin_never_takes_equivalence_away(differences, margin):
    assert assess(differences, 2 * margin).p_equivalent <= assess(differences, margin).p_equivalent + 1e-12


def test_the_images_variance_makes_a_verdict_more_careful():
    rng = np.random.default_rng(0)
    differences = np.array([0.01, -0.01, 0.012, -0.008])
    psi = rng.standard_normal((4, 100)) + rng.standard_normal(100)
    assert assess(differences, 0.1).word == "equivalent"
    assert assess_estimate(seeds_and_images(differences, psi), 0.1).word == "inconclusive"


@pytest.mark.parametrize("differences", [[], [0.1], [np.nan, 0.1], [np.nan, np.nan]])
def test_too_few_seeds_are_inconclusive_with_a_reason(differences):
    found = assess(differences, 0.5)
    assert found.word == INCONCLUSIVE
    assert found.reason
    assert np.isnan(found.p_different)


def test_images_of_one_seed_give_no_verdict():
    estimate = seeds_and_images(*of_image_means(np.full((1, 1000), 0.1) + np.arange(1000) / 1e6))
    found = assess_estimate(estimate, 0.5)
    assert found.word == INCONCLUSIVE
    assert "no replication" in found.reason


@pytest.mark.parametrize(
    ("seeds", "difference", "word"),
    [
        (6, 0.0, "equivalent"),
        (3, 0.0, "inconclusive"),
        (6, 0.1, "different, by less than matters"),
        (6, 0.9, "different"),
        (5, 0.9, "inconclusive"),
    ],
)
def test_identical_differences_are_judged_by_the_sign_flip(seeds, difference, word):
    found = assess([difference] * seeds, 0.5)
    assert found.word == word
    assert "undefined" in found.reason


def test_an_undecided_verdict_says_why():
    assert "Neither" in assess([-2.0, 2.5, -1.0, 1.5], 0.5).reason


def test_correction_can_take_words_back():
    verdicts = [assess(d, 0.5) for d in ([0.2, 0.3, 0.38], [0.0, 0.3, -0.3], [1.0, 1.2, 1.1])]
    after = corrected(
        verdicts, holm([v.p_different for v in verdicts], family="layers"), holm([v.p_equivalent for v in verdicts])
    )
    assert [v.word for v in verdicts] == ["different, by less than matters", "inconclusive", "different"]
    assert after[0].word == "inconclusive"
    assert after[0].reason == "Not decided once corrected for the number of tests."
    assert after[2].word == "different"
    assert "Holm over 3 tests (layers)" in after[0].correction
    assert after[0].p_different > verdicts[0].p_different


def test_correction_keeps_what_is_to_be_known_of_the_test():
    verdicts = [assess([0.0] * 6, 0.5)] * 6
    after = corrected(verdicts, holm([v.p_different for v in verdicts]), holm([v.p_equivalent for v in verdicts]))
    assert (verdicts[0].word, after[0].word) == ("equivalent", "inconclusive")
    assert "All differences are the same" in after[0].reason and "Not decided once corrected" in after[0].reason


def test_seeds_that_gave_the_same_value_have_no_standard_deviation():
    influence = np.tile([0.5, -0.5], (3, 50))
    assert np.isnan(assess([0.2, 0.2, 0.2], 0.5).sd)
    assert np.isnan(assess_estimate(seeds_and_images([0.2, 0.2, 0.2], influence), 0.5).sd)
    assert assess_estimate(seeds_and_images([0.2, 0.2, 0.3], influence), 0.5).sd > 0


def test_a_p_that_is_not_there_decides_nothing():
    assert decide(float("nan"), float("nan"), 0.05) == "inconclusive"
    assert decide(float("nan"), 0.01, 0.05) == "equivalent"


@pytest.mark.parametrize(("margin", "alpha"), [(0.0, 0.05), (-1.0, 0.05), (np.nan, 0.05), (0.5, 0.0), (0.5, 1.0)])
def test_margins_and_levels_that_cannot_be_are_refused(margin, alpha):
    with pytest.raises(InputError):
        assess_estimate(seed_mean([0.1, 0.2]), margin, alpha=alpha)
