from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine, pdist, squareform

from bench.similarity.measures.second_order_cosine import SecondOrderCosine


def test_is_the_cosine_of_distances_to_both_sides_neighbours(related):
    a, b = (squareform(pdist(side, "cosine")) for side in related)
    scores = []
    for i in range(80):
        both = list({*np.argsort(a[i])[1:11].tolist(), *np.argsort(b[i])[1:11].tolist()})
        scores.append(1 - cosine(a[i, both], b[i, both]))
    assert SecondOrderCosine()(*related) == pytest.approx(np.mean(scores), rel=1e-10)
