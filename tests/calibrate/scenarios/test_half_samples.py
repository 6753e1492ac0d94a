import numpy as np
import pytest

from bench.calibrate.scenarios import half_samples
from bench.similarity.catalog import measure


@pytest.mark.parametrize("name", ["concentricity-difference", "magnitude-difference", "uniformity-difference"])
def test_a_difference_is_looked_for_where_there_is_one(by_what, name):
    scenario = half_samples.OneDifference(name, "decaying", "plain")
    halves, influences = by_what(scenario, 40).values()
    assert 0.8 <= halves.measured < 1
    assert halves.warned == 0
    assert 0.8 <= influences.measured <= 1
    x, y = scenario._layers(np.random.default_rng(0))
    estimate = measure(name).estimate(x, y)
    assert estimate.low > 0
