from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bench.errors import InputError
from bench.similarity.measures.cka import CKA
from bench.similarity.measures.rbf_cka import RBFCKA


def textbook(x: np.ndarray, y: np.ndarray, fraction: float) -> float:
    h = np.eye(len(x)) - 1 / len(x)
    kernels = []
    for side in (x, y):
        distance = pdist(side)
        kernels.append(h @ np.exp(-(squareform(distance) ** 2) / (2 * (fraction * np.median(distance)) ** 2)) @ h)
    k, l = kernels  # noqa: E741
    return float((k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum()))


@pytest.mark.parametrize("fraction", [0.4, 1.0])
def test_is_the_textbook_formula_with_the_median_distance_of_different_images(related, fraction):
    # 3160 pairs: the median lies between two of them, whose squares are averaged here and whose roots there.
    assert RBFCKA(fraction)(*related) == pytest.approx(textbook(*related, fraction), rel=1e-4)
    odd = [side[:79] for side in related]  # 3081 pairs: one median
    assert RBFCKA(fraction)(*odd) == pytest.approx(textbook(*odd, fraction), rel=1e-10)


def test_a_wide_kernel_is_linear(related):
    assert RBFCKA(fraction=300.0)(*related) == pytest.approx(CKA()(*related), rel=1e-4)


def test_a_wide_kernel_is_linear_in_squared_distances(related):
    """exp(-s/2σ²) is 1 - s/2σ² for a large σ, and CKA of squared distances is that of centred linear kernels."""
    assert RBFCKA(fraction=1e9)(*related) == pytest.approx(CKA()(*related), rel=1e-8)


def test_copies_leave_no_median(related, rng):
    x, y = related
    same = x.copy()
    same[:60] = x[0]
    for dtype in (np.float32, np.float64):
        with pytest.raises(InputError, match="median distance is 0"):
            RBFCKA()(same.astype(dtype), y.astype(dtype))
    same[:60] += 1e-4 * rng.normal(size=(60, 6))
    assert np.isfinite(RBFCKA()(same, y))
