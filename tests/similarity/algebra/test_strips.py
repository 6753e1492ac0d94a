"""Values do not depend on how many rows are computed at once."""

from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.algebra import strips
from bench.similarity.catalog import measures
from bench.similarity.measure import Measure

ACTIVATIONS = {
    name: kind for name, kind in measures().items() if isinstance(kind, Measure) and kind.compares == "activations"
}


@pytest.mark.parametrize("height", [1, 2, 7, 39, 40, 1000])
def test_strips_cover_every_row_once(height, monkeypatch):
    monkeypatch.setattr(strips, "TALLEST", height)
    rows = np.concatenate([np.arange(40)[strip] for strip in strips.strips(40)])
    assert rows.tolist() == list(range(40))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_measure_depends_on_the_height_of_strips(name, rng, monkeypatch):
    x = rng.normal(size=(40, 6)).astype(np.float32)
    x[5] = x[6]
    y = x[:, :3] + rng.normal(size=(40, 3)).astype(np.float32)
    y[7] = y[8]
    found = {}
    for height in (1, 2, 3, 13, 39, 40):
        monkeypatch.setattr(strips, "TALLEST", height)
        estimate = ACTIVATIONS[name].estimate(x, y, replicates=5)
        found[height] = [estimate.value, estimate.low, estimate.high, ACTIVATIONS[name](y, x)]
    for height in (1, 2, 3, 13, 39):
        np.testing.assert_allclose(found[height], found[40], rtol=1e-10, atol=1e-13)


def test_the_upper_triangle_is_numpys(rng):
    matrix = rng.normal(size=(9, 9))
    np.testing.assert_array_equal(strips.upper_triangle(matrix), matrix[np.triu_indices(9, 1)])
    assert strips.upper_triangle(np.ones((1, 1))).size == 0


def test_marks_are_one_where_a_subset_has_an_image():
    np.testing.assert_array_equal(strips.marks(np.array([[0, 2], [1, 2]]), 4).T, [[1, 0, 1, 0], [0, 1, 1, 0]])
