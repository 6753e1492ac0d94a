from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bench.similarity.measures.rsm_norm_difference import RSMNormDifference


def test_are_the_norms_of_numpy(related):
    difference = squareform(pdist(related[0])) - squareform(pdist(related[1]))
    assert RSMNormDifference()(*related) == pytest.approx(np.linalg.norm(difference, ord=2), rel=1e-10)
    assert RSMNormDifference(norm="frobenius")(*related) == pytest.approx(np.linalg.norm(difference), rel=1e-10)


def test_grows_with_the_scale(related):
    x, y = related
    assert RSMNormDifference()(3 * x, 3 * y) == pytest.approx(3 * RSMNormDifference()(x, y))
