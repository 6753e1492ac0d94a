from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.eigenspace_overlap import EigenspaceOverlap


def test_one_of_two_directions_in_common():
    basis = np.eye(5)
    assert EigenspaceOverlap()(basis[:, :2], basis[:, 1:3]) == pytest.approx(0.5)
    assert EigenspaceOverlap()(basis[:, :3], basis[:, 2:3]) == pytest.approx(1 / 3)


def test_is_the_overlap_of_orthonormal_bases(related):
    u, v = (np.linalg.qr(side)[0] for side in related)
    assert EigenspaceOverlap()(*related) == pytest.approx(np.linalg.norm(u.T @ v) ** 2 / 9, rel=1e-10)


def test_independent_representations_overlap_by_chance(rng):
    values = [EigenspaceOverlap()(rng.normal(size=(60, 5)), rng.normal(size=(60, 10))) for _ in range(60)]
    assert np.mean(values) == pytest.approx(5 / 60, abs=0.01)


def test_a_subsample_is_the_measure_on_it(related):
    x, y = related
    rows = np.arange(0, 80, 2)
    assert EigenspaceOverlap().compute_on_rows(x, y)(rows) == pytest.approx(
        EigenspaceOverlap()(x[rows], y[rows]), rel=1e-9
    )
