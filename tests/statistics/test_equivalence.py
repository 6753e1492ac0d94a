from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from bench.errors import InputError
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME, assess, assess_estimate, corrected, decide, withheld
from bench.statistics.intervals import of_image_means, seed_mean, seeds_and_images
from bench.statistics.multiplicity import holm
from bench.statistics.tests import paired_t

DIFFERENCES = st.lists(st.integers(-100, 100).map(lambda x: x / 100), min_size=2, max_size=12)


@pytest.mark.parametrize(
    ("differences", "word"),
    [
        ([0.01, -0.02, 0.02, -0.01, 0.015, -0.012], SAME),
        ([0.9, 1.0, 1.1, 0.95, 1.05, 1.02], CHANGED),
        ([0.10, 0.11, 0.09, 0.12, 0.10, 0.11], SAME),
        ([-2.0, 2.5, -1.0, 1.5, 0.3, -0.2], CANT_TELL),
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
def test_the_interval_that_decides_agrees_with_the_word(differences, margin, alpha):
    assume(np.ptp(differences) > 0)
    found = assess(differences, margin, alpha=alpha, withhold=False)
    inside = -margin < found.low and found.high < margin
    assume(min(abs(found.low + margin), abs(found.high - margin)) > 1e-9)
    assume(min(abs(found.low), abs(found.high)) > 1e-9)
    assert (found.p_equivalent <= alpha) == (found.word == SAME) == inside
    if not inside:
        assert (found.word == CHANGED) == (found.low > 0 or found.high < 0)
    assert found.confidence == pytest.approx(1 - 2 * alpha if inside else 1 - alpha)


@settings(max_examples=200)
@given(DIFFERENCES, st.floats(0.01, 2))
def test_different_is_the_paired_t(differences, margin):
    found = assess(differences, margin, withhold=False)
    assert found.differs == (paired_t(differences).p <= 0.05)
    assert (found.word == CHANGED) == (found.differs and found.p_equivalent > 0.05)


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
    assert assess(differences, 0.1, withhold=False).word == SAME
    assert assess_estimate(seeds_and_images(differences, psi), 0.1, withhold=False).word == CANT_TELL


@pytest.mark.parametrize("differences", [[], [0.1], [np.nan, 0.1], [np.nan, np.nan]])
def test_too_few_seeds_cannot_tell_with_a_reason(differences):
    found = assess(differences, 0.5)
    assert found.word == CANT_TELL
    assert found.reason
    assert np.isnan(found.p_different)


def test_images_of_one_seed_give_no_verdict():
    estimate = seeds_and_images(*of_image_means(np.full((1, 1000), 0.1) + np.arange(1000) / 1e6))
    found = assess_estimate(estimate, 0.5)
    assert found.word == CANT_TELL
    assert "no replication" in found.reason


@pytest.mark.parametrize(
    ("seeds", "difference", "word"),
    [
        (6, 0.0, SAME),
        (3, 0.0, CANT_TELL),
        (6, 0.1, SAME),
        (6, 0.9, CHANGED),
        (5, 0.9, CANT_TELL),
    ],
)
def test_identical_differences_are_judged_by_the_sign_flip(seeds, difference, word):
    found = assess([difference] * seeds, 0.5, withhold=False)
    assert found.word == word
    assert "undefined" in found.reason


def test_an_undecided_verdict_says_why():
    assert "Neither" in assess([-2.0, 2.5, -1.0, 1.5, 0.2, -0.3], 0.5).reason


@pytest.mark.parametrize("differences", [[0.0, 0.001, -0.001], [3.0, 3.001, 2.999], [0.1, 0.101, 0.099, 0.1, 0.1]])
def test_words_are_withheld_where_the_sign_flip_cannot_reach_alpha(differences):
    found, otherwise = assess(differences, 0.5), assess(differences, 0.5, withhold=False)
    assert (found.word, found.withheld) == (CANT_TELL, withheld(len(differences), 0.05))
    assert found.withheld in found.reason
    assert not found.differs
    assert np.isnan([found.low, found.high, found.confidence]).all()
    assert otherwise.word != CANT_TELL and not otherwise.withheld
    assert found.p_different == otherwise.p_different
    family = [holm([found.p_different]), holm([found.p_equivalent])]
    assert corrected([found], *family)[0].word == CANT_TELL


def test_withholding_follows_alpha():
    assert [bool(withheld(seeds, 0.05)) for seeds in (0, 1, 5, 6)] == [True, True, True, False]
    assert [bool(withheld(seeds, 0.25)) for seeds in (2, 3)] == [True, False]
    assert "With 3 seeds the smallest attainable p is 0.25, above 0.05" in withheld(3, 0.05)


@settings(max_examples=100)
@given(st.lists(DIFFERENCES, min_size=1, max_size=6), st.floats(0.05, 1))
def test_corrected_intervals_agree_with_corrected_words(family, margin):
    assume(all(np.ptp(each) > 0 for each in family))
    first = [assess(each, margin, withhold=False) for each in family]
    after = corrected(first, holm([v.p_different for v in first]), holm([v.p_equivalent for v in first]))
    for found in after:
        assume(min(abs(found.low), abs(found.high), abs(found.low + margin), abs(found.high - margin)) > 1e-9)
        inside = -margin < found.low and found.high < margin
        without_zero = found.low > 0 or found.high < 0
        assert (found.word == SAME) == inside
        if not inside:
            assert (found.word == CHANGED) == without_zero


def test_correction_can_take_words_back():
    verdicts = [assess(d, 0.5, withhold=False) for d in ([0.2, 0.3, 0.38], [0.0, 0.3, -0.3], [1.0, 1.2, 1.1])]
    after = corrected(
        verdicts, holm([v.p_different for v in verdicts], family="layers"), holm([v.p_equivalent for v in verdicts])
    )
    assert [v.word for v in verdicts] == [SAME, CANT_TELL, CHANGED]
    assert after[0].word == CANT_TELL
    assert after[0].reason == "Not decided once corrected for the number of tests."
    assert after[2].word == CHANGED
    assert "Holm over 3 tests (layers)" in after[0].correction
    assert after[0].p_different > verdicts[0].p_different


def test_correction_keeps_what_is_to_be_known_of_the_test():
    verdicts = [assess([0.0] * 6, 0.5)] * 6
    after = corrected(verdicts, holm([v.p_different for v in verdicts]), holm([v.p_equivalent for v in verdicts]))
    assert (verdicts[0].word, after[0].word) == (SAME, CANT_TELL)
    assert "All differences are the same" in after[0].reason and "Not decided once corrected" in after[0].reason


def test_seeds_that_gave_the_same_value_have_no_standard_deviation():
    influence = np.tile([0.5, -0.5], (3, 50))
    assert np.isnan(assess([0.2, 0.2, 0.2], 0.5).sd)
    assert np.isnan(assess_estimate(seeds_and_images([0.2, 0.2, 0.2], influence), 0.5).sd)
    assert assess_estimate(seeds_and_images([0.2, 0.2, 0.3], influence), 0.5).sd > 0


def test_a_p_that_is_not_there_decides_nothing():
    assert decide(float("nan"), float("nan"), 0.05) == CANT_TELL
    assert decide(float("nan"), 0.01, 0.05) == SAME


@pytest.mark.parametrize(("margin", "alpha"), [(0.0, 0.05), (-1.0, 0.05), (np.nan, 0.05), (0.5, 0.0), (0.5, 1.0)])
def test_margins_and_levels_that_cannot_be_are_refused(margin, alpha):
    with pytest.raises(InputError):
        assess_estimate(seed_mean([0.1, 0.2]), margin, alpha=alpha)
