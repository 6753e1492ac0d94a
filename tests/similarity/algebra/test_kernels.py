from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.algebra.kernels import AlignmentOnRows, alignment
from bench.similarity.intervals.half_samples import draw


def test_alignment_is_the_cosine_of_double_centred_matrices(rng):
    x, y = rng.normal(size=(20, 4)) + 5.0, rng.normal(size=(20, 3))
    centring = np.eye(20) - 1 / 20
    a, b = (centring @ (side @ side.T) @ centring for side in (x, y))
    expected = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    assert alignment(x @ x.T, y @ y.T) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kept", [3, 20, 39])
def test_many_subsets_at_once_are_one_at_a_time(kept, rng):
    x = rng.normal(size=(40, 5)) + 3.0
    y = x @ rng.normal(size=(5, 4)) + rng.normal(size=(40, 4))
    on_rows = AlignmentOnRows(x @ x.T, y @ y.T)
    subsets = draw(40, kept, 50, seed=1)
    one_by_one = [alignment(x[rows] @ x[rows].T, y[rows] @ y[rows].T) for rows in subsets]
    np.testing.assert_allclose(on_rows.on_subsets(subsets), one_by_one, rtol=1e-10)
    np.testing.assert_allclose([on_rows(rows) for rows in subsets], one_by_one, rtol=1e-10)


def test_a_subset_without_spread_is_undefined_though_the_others_have_all(rng):
    """All images alike but for the last two, which lie far out: the whole's rounding is no subset's value."""
    x = np.full((12, 3), 0.3)
    x[10:] = 1e6 * rng.normal(size=(2, 3))
    y = rng.normal(size=(12, 3))
    subsets = np.array([np.arange(6), [0, 1, 2, 3, 4, 11]])
    found = AlignmentOnRows(x @ x.T, y @ y.T).on_subsets(subsets)
    assert np.isnan(found[0]) or abs(found[0]) < 1.0
    assert found[1] == pytest.approx(alignment(x[subsets[1]] @ x[subsets[1]].T, y[subsets[1]] @ y[subsets[1]].T))
