from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bench.similarity.algebra import geometry
from bench.similarity.layers import _grams


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_units_are_exactly_zero_however_they_round(rng, dtype):
    constants = np.tile(rng.uniform(0.0, 1000.0, size=3000), (77, 1)).astype(dtype)
    assert not _grams.centred(constants, dtype).any()
    assert not geometry.centred(constants.astype(np.float64)).any()


def test_distances_are_scipys_even_far_from_the_origin(rng):
    x = rng.normal(size=(50, 6)) + 1e5
    found = geometry.distances(x)
    np.testing.assert_allclose(found, squareform(pdist(x)), rtol=1e-8)
    assert not found.diagonal().any() and (found == found.T).all()
    np.testing.assert_allclose(geometry.cosine_distances(x - 1e5), squareform(pdist(x - 1e5, "cosine")), atol=1e-12)
    np.testing.assert_allclose(
        geometry.correlation_distances(x), squareform(pdist(x - 1e5, "correlation")), rtol=1e-6, atol=1e-6
    )


def test_rows_of_zeros_are_at_cosine_distance_one():
    found = geometry.cosine_distances(np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])


def test_compact_keeps_inner_products(rng):
    wide = rng.normal(size=(6, 40))
    narrow = geometry.compact(wide)
    assert narrow.shape == (6, 6) and geometry.compact(narrow) is narrow
    np.testing.assert_allclose(narrow @ narrow.T, wide @ wide.T, rtol=1e-10)


@pytest.mark.parametrize("precision", [np.float16, np.float32, np.float64])
def test_duplicates_are_at_distance_zero(precision, rng):
    x = np.tile(rng.normal(size=(31, 300)), (3, 1)).astype(precision)
    same = np.arange(93) % 31 == (np.arange(93) % 31)[:, None]
    for found in (geometry.distances(x), geometry.cosine_distances(x), geometry.correlation_distances(x)):
        np.testing.assert_array_equal(found == 0.0, same)


@pytest.mark.parametrize(("precision", "tiny"), [(np.float32, 2.0**-14), (np.float64, 2.0**-40)])
def test_tiny_distances_are_exact(precision, tiny, rng):
    """Two images that differ by `tiny` in one unit, far from the others."""
    x = rng.integers(-4, 5, size=(30, 40)).astype(precision)
    x[1] = x[0]
    x[1, 5] += tiny
    assert geometry.distances(x)[0, 1] == pytest.approx(tiny, rel=1e-2 if precision == np.float32 else 1e-4)


def test_units_whose_spread_is_rounding_are_dead(rng):
    nearly = (0.3 * (1 + 1e-7 * rng.normal(size=(50, 4)))).astype(np.float32)
    assert not geometry.spread(nearly).any()
    assert geometry.spread(nearly.astype(np.float64)).all()
    assert geometry.spread((0.3 * (1 + 1e-4 * rng.normal(size=(50, 4)))).astype(np.float32)).any(0).all()
