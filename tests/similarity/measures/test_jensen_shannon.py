from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from bench.similarity.measures.jensen_shannon import JensenShannon


def test_opposite_certainties_are_one_bit():
    certain = 1e4 * np.eye(2)[[0, 1, 0, 1]]
    assert JensenShannon()(certain, certain[::-1]) == pytest.approx(1.0)


def test_is_the_square_of_scipys_distance(rng):
    x, y = rng.normal(size=(2, 30, 5))
    expected = jensenshannon(softmax(x, 1), softmax(y, 1), base=2, axis=1) ** 2
    np.testing.assert_allclose(JensenShannon().per_image(x, y), expected, rtol=1e-9)
    found = JensenShannon().estimate(x, y)
    assert found.standard_error == pytest.approx(expected.std(ddof=1) / np.sqrt(30))
    assert 0.0 <= found.low < found.value < found.high <= 1.0


def test_a_constant_on_all_logits_changes_nothing(rng):
    x, y = rng.normal(size=(2, 20, 3))
    assert JensenShannon()(x + 1000.0, y) == pytest.approx(JensenShannon()(x, y))
