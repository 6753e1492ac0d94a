from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics.rankings import critical_difference, rank_methods

TABLES = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=2, max_size=8)


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_has_the_published_quantiles(methods, q):
    """Demšar 2006, table 5(a)."""
    models = 14
    expected = q * np.sqrt(methods * (methods + 1) / (6 * models))
    assert critical_difference(methods, models) == pytest.approx(expected, rel=1e-3)


def test_demsars_four_methods_on_fourteen_data_sets():
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)


@given(TABLES)
def test_friedmans_p_is_scipys(table):
    columns = np.array(table, dtype=float).T
    if all((np.ptp(row) == 0) for row in columns.T):
        assert rank_methods(dict(zip("abcd", columns))).p == 1.0
        return
    expected = stats.friedmanchisquare(*columns).pvalue
    assert rank_methods(dict(zip("abcd", columns))).p == pytest.approx(expected)


def test_the_best_comes_first_and_neighbours_form_groups():
    values = {f"m{k}": k + np.zeros(12) for k in range(6)}
    found = rank_methods(values)
    assert found.methods == ("m5", "m4", "m3", "m2", "m1", "m0")
    assert found.mean_ranks == (1, 2, 3, 4, 5, 6)
    assert found.critical_difference == pytest.approx(2.18, abs=0.01)
    assert found.groups == (("m5", "m4", "m3"), ("m4", "m3", "m2"), ("m3", "m2", "m1"), ("m2", "m1", "m0"))
    assert found.p == pytest.approx(found.smallest_attainable_p)


def test_smaller_can_be_better_and_ties_share_their_rank():
    found = rank_methods({"a": [1, 1], "b": [2, 2], "c": [2, 2]}, larger_is_better=False)
    assert found.mean_ranks == (1.0, 2.5, 2.5)


def test_models_with_holes_are_left_out_and_counted():
    found = rank_methods({"a": [1, np.nan, 1], "b": [2, 2, 2], "c": [3, 3, 3]})
    assert (found.n, found.left_out) == (2, 1)
    assert "1 model without" in found.note


def test_two_models_cannot_rank_three_methods():
    found = rank_methods({"a": [1, 1], "b": [2, 2], "c": [3, 3]})
    assert found.smallest_attainable_p == pytest.approx(stats.chi2.sf(4, 2))
    assert "no ranking can be significant" in found.note


def test_one_model_and_none():
    assert np.isnan(rank_methods({"a": [1], "b": [2]}).p)
    empty = rank_methods({"a": [np.nan], "b": [2]})
    assert empty.n == 0
    assert np.isnan(empty.critical_difference)
    assert empty.groups == ()


@pytest.mark.parametrize("values", [{"a": [1, 2]}, {"a": [1, 2], "b": [1]}, {"a": 1.0, "b": 2.0}])
def test_what_cannot_be_ranked_is_refused(values):
    with pytest.raises(InputError, match="rank_methods"):
        rank_methods(values)
