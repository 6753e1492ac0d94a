from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.concentricity_difference import ConcentricityDifference


def test_two_directions_by_hand():
    # Half the images along each axis: every one makes 45 degrees with the mean. The other side is one direction.
    x = np.repeat(np.eye(2), 3, axis=0)
    assert ConcentricityDifference()(x, np.ones((6, 2))) == pytest.approx(1 - np.sqrt(0.5))


def test_an_image_without_activation_counts_cosine_zero():
    y = np.ones((6, 2))
    y[0] = 0.0
    assert ConcentricityDifference()(np.ones((6, 2)), y) == pytest.approx(1 / 6)
