from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.angular_shape import AngularShape
from bench.similarity.measures.procrustes import Procrustes


def test_is_the_angle_that_belongs_to_the_chord(related):
    # Both sides lie on the unit sphere: a chord of length d spans the angle 2 arcsin(d/2).
    assert AngularShape()(*related) == pytest.approx(2 * np.arcsin(Procrustes()(*related) / 2), rel=1e-10)


def test_orthogonal_representations_are_at_a_right_angle():
    a, b = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    assert AngularShape()(a[:, None], b[:, None]) == pytest.approx(np.pi / 2)
