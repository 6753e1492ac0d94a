from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bench.similarity.measures.distance_correlation import DistanceCorrelation


def test_is_the_textbook_formula(related):
    h = np.eye(80) - 1 / 80
    a, b = (h @ squareform(pdist(side)) @ h for side in related)
    expected = np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
    assert DistanceCorrelation()(*related) == pytest.approx(expected, rel=1e-10)


def test_a_line_and_its_shift_are_one(rng):
    x = rng.normal(size=(30, 1))
    assert DistanceCorrelation()(x, 5.0 - 2.0 * x) == pytest.approx(1.0)


def test_sees_what_correlation_does_not():
    x = np.linspace(-1.0, 1.0, 101)[:, None]
    assert abs(np.corrcoef(x[:, 0], x[:, 0] ** 2)[0, 1]) < 1e-9
    assert DistanceCorrelation()(x, x**2) > 0.4
