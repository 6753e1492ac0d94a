from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bench.similarity.measures.uniformity_difference import UniformityDifference


def test_is_the_formula_with_pairs_of_an_image_with_itself(related):
    small = [side / 10.0 for side in related]
    a, b = (np.log(np.exp(-2 * squareform(pdist(side)) ** 2).mean()) for side in small)
    assert UniformityDifference()(*small) == pytest.approx(abs(a - b), rel=1e-9)


def test_images_too_far_apart_are_warned_of(related):
    found = UniformityDifference().estimate(*(side * 100.0 for side in related))
    assert found.value == pytest.approx(0.0, abs=1e-9) and "so far apart" in found.warning
    assert not UniformityDifference().estimate(*(side / 10.0 for side in related)).warning


def test_too_few_images_for_an_interval_do_not_hide_it(related):
    warning = UniformityDifference().estimate(*(side[:4] * 100.0 for side in related)).warning
    assert "too few for an interval" in warning and "so far apart" in warning
