import numpy as np
import pytest

from bench.similarity.catalog import measure, measures
from bench.similarity.probe import ProbeMeasure, loss


def test_a_gain_is_a_negative_loss_within_its_limits():
    worse, better = np.array([True, False, False, False]), np.array([True, True, True, False])
    assert loss(worse, better).value == -loss(better, worse).value == pytest.approx(-0.5)
    assert -1.0 <= loss(worse, better).low <= loss(worse, better).high <= 1.0


def test_a_probe_is_a_measure_by_name_but_not_of_a_pair_of_activations():
    assert isinstance(measure("cross-probe"), ProbeMeasure)
    assert "cross-probe" not in measures()
