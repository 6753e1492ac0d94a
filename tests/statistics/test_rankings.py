from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import InputError
from bench.statistics.rankings import critical_difference, rank_methods

TABLES = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=5, max_size=9)


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
    found = rank_methods({"a": [1] * 6, "b": [2] * 6, "c": [2] * 6}, larger_is_better=False)
    assert found.mean_ranks == (1.0, 2.5, 2.5)


def test_means_that_differ_by_rounding_alone_share_their_rank():
    rows = {"a": [0.3] * 6, "b": [0.1 + 0.2] * 6, "c": [0.9] * 6}
    assert rank_methods(rows).mean_ranks == (1.0, 2.5, 2.5)
    near_zero = {"a": [0.0] * 6, "b": [1e-17] * 6, "c": [0.9] * 6}
    assert rank_methods(near_zero).mean_ranks == (1.0, 2.5, 2.5)


def test_models_with_holes_are_left_out_and_counted():
    found = rank_methods({"a": [1, np.nan, 1, 1, 1, 1], "b": [2] * 6, "c": [3] * 6})
    assert (found.n, found.left_out) == (5, 1)
    assert "1 model without" in found.note


@pytest.mark.parametrize("models", [0, 1, 2, 4])
def test_fewer_than_five_models_are_no_ranking(models):
    found = rank_methods({name: [value] * models for name, value in zip("abc", (1.0, 2.0, 3.0))})
    assert (found.methods, found.mean_ranks, found.groups, found.n) == ((), (), (), models)
    assert np.isnan(found.p)
    assert f"5 models or more, not over {models}." in found.note


def test_models_too_few_for_any_difference_of_ranks_are_no_ranking():
    """Two methods on five models: 1.96·√(2·3/30) = 0.88 of 1; with alpha 0.001: 3.29·√(2·3/30) = 1.47."""
    for methods in (2, 3, 22):
        values = {str(k): [float(k)] * 5 for k in range(methods)}
        gap = critical_difference(methods, 5)
        assert bool(rank_methods(values).methods) == (gap <= methods - 1)
    strict = rank_methods({"a": [1.0] * 5, "b": [2.0] * 5}, alpha=0.001)
    assert strict.methods == ()
    assert "can differ by 1 at most" in strict.note


@pytest.mark.parametrize("values", [{"a": [1, 2]}, {"a": [1, 2], "b": [1]}, {"a": 1.0, "b": 2.0}])
def test_what_cannot_be_ranked_is_refused(values):
    with pytest.raises(InputError, match="rank_methods"):
        rank_methods(values)
