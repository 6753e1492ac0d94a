from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

from bench.similarity.measures.mean_cca import MeanCCA


def test_one_unit_is_pearsons_correlation(rng):
    x = rng.normal(size=(50, 1))
    y = x + rng.normal(size=(50, 1))
    assert MeanCCA()(x, -y) == pytest.approx(np.corrcoef(x[:, 0], y[:, 0])[0, 1])


def test_agrees_with_sklearn(related):
    x, y = related
    a, b = CCA(n_components=6, max_iter=50_000, tol=1e-12).fit_transform(x, y)
    expected = np.mean([np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(6)])
    assert MeanCCA()(x, y) == pytest.approx(expected, rel=1e-4)


def test_duplicate_units_do_not_count(related):
    x, y = related
    assert MeanCCA()(np.hstack([x, x[:, :2]]), y) == pytest.approx(MeanCCA()(x, y), rel=1e-9)
