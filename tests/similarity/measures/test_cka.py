from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.cka import CKA


def test_two_orthogonal_directions_by_hand():
    # The first side is one centred direction, the second the sum of it and an orthogonal one of the same size.
    a, b = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    assert CKA()(a[:, None], np.stack([a, b], axis=1)) == pytest.approx(1 / np.sqrt(2))


def test_is_the_formula_of_the_features(related):
    x, y = (side - side.mean(0) for side in related)
    expected = np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert CKA()(*related) == pytest.approx(expected, rel=1e-12)


def test_is_biased_on_independent_wide_layers(rng):
    assert CKA()(rng.normal(size=(30, 200)), rng.normal(size=(30, 200))) == pytest.approx(0.87, abs=0.02)
