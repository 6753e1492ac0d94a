from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from bench.errors import InputError
from bench.statistics.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)
BH_1995 = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
BH_1995 += [0.7590, 1.0]


def test_holm_as_p_adjust_in_r():
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]).p == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])


def test_the_example_of_benjamini_and_hochberg():
    """Their paper's section 4.2: four rejected by their procedure, three by Bonferroni's (and Holm's)."""
    assert sum(benjamini_hochberg(BH_1995).rejected) == 4
    assert sum(holm(BH_1995).rejected) == 3
    assert benjamini_hochberg(BH_1995).p[3] == pytest.approx(0.0095 * 15 / 4)


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
def test_tests_without_a_p_are_no_part_of_the_family(correct):
    found = correct([0.01, np.nan, 0.03], family="layers")
    assert (found.size, found.left_out) == (2, 1)
    assert found.p[::2] == correct([0.01, 0.03]).p
    assert np.isnan(found.p[1])
    assert found.rejected == (True, False, True)
    assert found.caption.endswith("over 2 tests (layers); 1 without a p left out")


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
def test_an_empty_family(correct):
    assert correct([]).size == 0
    assert correct([np.nan]).rejected == (False,)


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("wrong", [[-0.1], [0.5, 1.5]])
def test_what_is_no_p_is_refused(correct, wrong):
    with pytest.raises(InputError, match="between 0 and 1"):
        correct(wrong)


@settings(max_examples=10, deadline=None)
@given(P_VALUES)
def test_both_are_those_of_statsmodels(p):
    assert holm(p).p == pytest.approx(multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p).p == pytest.approx(multipletests(p, method="fdr_bh")[1])


@settings(max_examples=100)
@given(P_VALUES)
def test_raw_is_at_most_benjamini_hochberg_is_at_most_holm(p):
    raw, loose, strict = np.array(p), np.array(benjamini_hochberg(p).p), np.array(holm(p).p)
    assert (raw <= loose + 1e-12).all()
    assert (loose <= strict + 1e-12).all()
    assert (strict <= np.minimum(raw * len(p), 1) + 1e-12).all()


@settings(max_examples=100)
@given(P_VALUES)
def test_correction_keeps_the_order(p):
    for correct in (holm, benjamini_hochberg):
        found = np.array(correct(p).p)[np.argsort(p)]
        assert (np.diff(found) >= -1e-12).all()
