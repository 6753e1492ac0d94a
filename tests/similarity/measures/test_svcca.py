from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.algebra.basis import leading_components
from bench.similarity.measures.mean_cca import MeanCCA
from bench.similarity.measures.svcca import SVCCA


def test_is_mean_cca_of_the_leading_principal_components(related):
    kept = []
    for side in related:
        u, s, _ = np.linalg.svd(side - side.mean(0), full_matrices=False)
        count = next(k for k in range(1, 10) if (s[:k] ** 2).sum() >= 0.9 * (s**2).sum())
        assert count < side.shape[1]
        kept.append(u[:, :count] * s[:count])
    assert SVCCA(threshold=0.9)(*related) == pytest.approx(MeanCCA()(*kept), rel=1e-10)


def test_squares_are_summed_not_singular_values():
    assert leading_components(np.array([9.0, 1.0]) ** 2, 0.95) == 1
    assert leading_components(np.array([0.98, 0.01, 0.01]), 0.99) == 2
    assert leading_components(np.array([1.0, 1.0, 1.0]), 1.0) == 3


def test_all_the_variance_is_mean_cca(related):
    assert SVCCA(threshold=1.0)(*related) == pytest.approx(MeanCCA()(*related), rel=1e-9)
