"""All blocks of two networks by several measures at once."""

from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity import activations
from bench.similarity.battery import battery, layer_map, prepare
from bench.similarity.catalog import measure, measures
from bench.similarity.measure import Measure

NAMES = [name for name, kind in measures().items() if isinstance(kind, Measure) and kind.compares == "activations"]


@pytest.fixture
def networks(rng):
    image = rng.normal(size=(60, 6))
    first = [image @ rng.normal(size=(6, d)) + rng.normal(size=(60, d)) for d in (8, 5)]
    return first, [layer + 0.5 * rng.normal(size=layer.shape) for layer in first]


@pytest.mark.parametrize("name", NAMES)
def test_each_block_is_as_the_measure_alone_has_it(name, networks):
    found = battery(prepare(networks[0], [name]), prepare(networks[1]), [name])[name]
    for number, (x, y) in enumerate(zip(*networks)):
        value, influence = measure(name).influence(x, y)
        assert found.value[number] == pytest.approx(measure(name)(x, y), rel=1e-9)
        assert value == found.value[number]
        np.testing.assert_array_equal(influence, found.influence[number])
        assert found.low[number] <= value <= found.high[number]


@pytest.mark.parametrize("name", NAMES)
def test_identical_blocks_have_the_best_value_and_no_influence(name, networks):
    same = [layer.astype(np.float32) for layer in networks[0]]
    found = battery(prepare(same), prepare([layer.copy() for layer in same]), [name])[name]
    best = measure(name).range[1 if measure(name).larger_is_similar else 0]
    np.testing.assert_array_equal(found.value, [best, best])
    np.testing.assert_array_equal(found.influence, np.zeros((2, 60)))
    np.testing.assert_array_equal(found.low, found.high)


def test_a_block_that_a_measure_does_not_allow_is_refused_and_the_others_are_not(networks, rng):
    wide, dead = rng.normal(size=(60, 100)), np.full((60, 4), 0.3)
    x, y = [networks[0][0], wide, dead], [networks[1][0], wide + rng.normal(size=wide.shape), dead]
    found = battery(prepare(x, ["svcca", "debiased-cka"]), prepare(y), ["svcca", "debiased-cka"])
    np.testing.assert_array_equal(np.isfinite(found["svcca"].value), [True, False, False])
    np.testing.assert_array_equal(np.isfinite(found["debiased-cka"].value), [True, True, False])
    assert "needs n >= 101 images" in found["svcca"].refusals[1]
    assert "no spread" in found["debiased-cka"].refusals[2]
    assert np.isnan(found["svcca"].influence[1:]).all()


def test_a_map_has_every_pair_of_blocks(networks):
    x, y = (prepare(layers) for layers in networks)
    values = layer_map(x, y, "rsa")
    assert values[1, 0] == measure("rsa")(networks[0][1], networks[1][0])
    assert values.shape == (2, 2)


def test_networks_and_measures_that_do_not_fit_are_refused(networks):
    x, y = (prepare(layers) for layers in networks)
    with pytest.raises(InputError, match="cannot compare blocks: it needs labels or classifiers' outputs"):
        battery(x, y, ["churn"])
    with pytest.raises(InputError, match="One network has 2 blocks and the other 1"):
        battery(x, prepare(networks[1][:1]), ["rsa"])
    with pytest.raises(InputError, match="same number of images"):
        prepare([networks[0][0], networks[0][1][:-1]])


def test_wide_single_precision_layers_give_what_double_precision_gives(rng):
    image = rng.normal(size=(40, 6))
    x = np.maximum(image @ rng.normal(size=(6, 300)) + 2.0, 0.0).astype(np.float32)
    y = np.maximum(x + 0.3 * rng.normal(size=x.shape), 0.0).astype(np.float32)
    for name in ("debiased-cka", "angular-shape", "procrustes", "rsa", "knn-jaccard"):
        value, influence = measure(name).influence(x, y)
        expected, moved = measure(name).influence(x.astype(np.float64), y.astype(np.float64))
        assert value == pytest.approx(expected, rel=1e-5), name
        np.testing.assert_allclose(influence, moved, atol=5e-3 * np.abs(moved).max(), err_msg=name)


@pytest.mark.parametrize("name", ["debiased-cka", "angular-shape", "rsa", "knn-jaccard"])
def test_wide_dead_and_collinear_layers_are_refused_in_single_precision_too(name, rng):
    alive = rng.normal(size=(30, 200)).astype(np.float32)
    dead = np.full((30, 200), 0.3, np.float32)
    found = battery(prepare([alive]), prepare([dead]), [name])[name]
    assert "no spread" in found.refusals[0]
    one_pattern = np.outer(rng.uniform(1.0, 2.0, size=30), rng.normal(size=200)).astype(np.float32)
    collinear = battery(prepare([alive]), prepare([one_pattern]), [name])[name]
    assert (0 in collinear.refusals) == (name in ("rsa", "knn-jaccard"))


def test_what_would_not_be_kept_is_not_prepared(monkeypatch):
    x, of = np.random.default_rng(0).normal(size=(40, 3)), measure("rsa")
    monkeypatch.setattr(activations, "LARGEST_PIECE", 8 * 39**2)
    monkeypatch.setattr(type(of), "prepare", lambda self, side: pytest.fail("prepared"))
    assert battery(prepare([x], ["rsa"]), prepare([2 * x]), ["rsa"])["rsa"].value[0] == 1.0
