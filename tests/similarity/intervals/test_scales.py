from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.intervals.scales import BACKWARD, FORWARD, usable


@pytest.mark.parametrize("scale", FORWARD)
def test_backward_undoes_forward(scale):
    values = np.array([0.01, 0.5, 0.99])
    np.testing.assert_allclose(BACKWARD[scale](FORWARD[scale](values)), values, rtol=1e-12)


@pytest.mark.parametrize(
    ("scale", "end"), [("atanh", 1.0), ("atanh", -1.0), ("logit", 0.0), ("logit", 1.0), ("log", 0.0)]
)
def test_a_value_at_the_end_of_a_scale_makes_it_unusable(scale, end):
    assert usable(scale, np.array([0.3, 0.6])) == scale
    assert usable(scale, np.array([0.3, end])) == "identity"


def test_undefined_values_make_a_scale_unusable():
    assert usable("log", np.array([0.3, np.nan])) == "identity"
