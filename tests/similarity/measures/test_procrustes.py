from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from bench.similarity.measures.procrustes import Procrustes


def test_is_what_is_left_after_scipys_best_rotation(related):
    x, y = (side - side.mean(0) for side in related)
    x, y = np.pad(x, ((0, 0), (0, 3))) / np.linalg.norm(x), y / np.linalg.norm(y)
    rotation, _ = orthogonal_procrustes(x, y)
    assert Procrustes()(*related) == pytest.approx(np.linalg.norm(x @ rotation - y), rel=1e-10)


def test_orthogonal_representations_are_as_far_as_can_be():
    a, b = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    assert Procrustes()(a[:, None], b[:, None]) == pytest.approx(np.sqrt(2.0))


def test_wide_representations_are_compared_through_their_inner_products(rng):
    x, y = rng.normal(size=(20, 50)), rng.normal(size=(20, 70))
    first, second = x - x.mean(0), y - y.mean(0)
    nuclear = np.linalg.svd(first.T @ second, compute_uv=False).sum()
    expected = np.sqrt(2 - 2 * nuclear / (np.linalg.norm(first) * np.linalg.norm(second)))
    assert Procrustes()(x, y) == pytest.approx(expected, rel=1e-10)


def test_is_a_metric(rng):
    a, b, c = rng.normal(size=(3, 30, 4))
    assert Procrustes()(a, c) <= Procrustes()(a, b) + Procrustes()(b, c)
