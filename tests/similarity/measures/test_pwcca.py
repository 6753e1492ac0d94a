from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.mean_cca import MeanCCA
from bench.similarity.measures.pwcca import PWCCA


def textbook(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    whitened = [side @ np.linalg.inv(np.linalg.cholesky(side.T @ side)).T for side in (x, y)]
    left, rho, _ = np.linalg.svd(whitened[0].T @ whitened[1], full_matrices=False)
    weights = np.abs((whitened[0] @ left).T @ x).sum(1)
    return float(weights @ rho / weights.sum())


def test_is_the_papers_formula_either_way_round(related):
    x, y = related
    assert PWCCA()(x, y) == pytest.approx(textbook(x, y), rel=1e-9)
    assert PWCCA()(y, x) == pytest.approx(textbook(y, x), rel=1e-9)
    assert PWCCA()(x, y) != pytest.approx(PWCCA()(y, x), rel=1e-4)


def test_large_shared_directions_weigh_more(rng):
    shared, own, other = rng.normal(size=(3, 200, 1))
    x, y = np.hstack([10.0 * shared, own]), np.hstack([shared, other])
    assert MeanCCA()(x, y) < 0.6 < 0.85 < PWCCA()(x, y)
