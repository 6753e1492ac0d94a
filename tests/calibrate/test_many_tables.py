from __future__ import annotations

import numpy as np
import pytest

from bench.calibrate.many_tables import crossed, seeds_and_images
from bench.statistics import intervals
from bench.statistics.crossed import crossed_mean


@pytest.mark.parametrize(("seed_sd", "image_sd"), [(0.0, 0.0), (0.3, 1.0), (3.0, 0.1), (0.0, 3.0)])
@pytest.mark.parametrize("seeds", [2, 3, 12])
def test_each_table_has_the_estimate_of_the_statistics(seed_sd, image_sd, seeds):
    rng = np.random.default_rng(seeds)
    effects = seed_sd * rng.normal(size=(40, seeds, 1)) + image_sd * rng.normal(size=(40, 1, 25))
    signs = np.sign(effects + rng.normal(size=(40, seeds, 25))).astype(np.int8)
    found = crossed(signs * (rng.random(signs.shape) < 0.7))
    again = np.random.default_rng(seeds)
    again.normal(size=(40, seeds, 1)), again.normal(size=(40, 1, 25)), again.normal(size=(40, seeds, 25))
    for number, table in enumerate(signs * (again.random(signs.shape) < 0.7)):
        expected = crossed_mean(table)
        assert found.value[number] == pytest.approx(expected.value)
        assert found.error[number] == pytest.approx(expected.standard_error, abs=1e-12)
        if expected.standard_error:
            assert found.df[number] == pytest.approx(expected.df)
            ends = (expected.low, expected.high)
            assert found.covers(expected.value + 0.999 * (ends[1] - expected.value))[number]
            assert not found.covers(expected.value + 1.001 * (ends[0] - expected.value))[number]


def test_tables_without_spread_reject_nothing_and_cover_their_value():
    found = crossed(np.ones((1, 3, 10), np.int8))
    assert (found.error[0], found.p()[0], found.p_above(0.5)[0]) == (0, 1, 0.5)
    assert found.covers(1.0)[0]
    assert not found.covers(0.99)[0]


def test_p_values_are_those_of_t():
    found = crossed(np.array([[[1, 0, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]]))
    t = (found.value[0] - 0.5) / found.error[0]
    assert found.p(0.5)[0] == pytest.approx(2 * found.p_above(0.5)[0])
    assert found.p_above(0.5)[0] < 0.5 < found.p_above(0.9)[0]
    assert t > 0


def test_values_with_influence_have_the_estimate_of_the_statistics():
    rng = np.random.default_rng(0)
    values, influence = rng.normal(size=(30, 4)), 3 * rng.normal(size=(30, 4, 20)) * rng.random(30)[:, None, None]
    influence -= influence.mean(-1, keepdims=True)
    found = seeds_and_images(values, influence)
    for number in range(30):
        expected = intervals.seeds_and_images(values[number], influence[number])
        assert found.value[number] == pytest.approx(expected.value)
        assert found.error[number] == pytest.approx(expected.standard_error)
        assert found.df[number] == pytest.approx(expected.df)
