import numpy as np
import pytest
import torch
from captum.attr import LayerConductance

from bench.diagnose.diagnostics.conductance import Conductance
from bench.diagnose.explanations.layer_conductance import conductances_of
from bench.diagnose.networks import still

LAYERS = ("first", "second")


@pytest.mark.parametrize("inplace", [False, True])
def test_all_layers_at_once_are_captums_one_by_one(inplace, make_network, probe, monkeypatch):
    monkeypatch.setattr("bench.diagnose.explanations.layer_conductance.AT_ONCE", 35)  # several batches
    targets = torch.arange(12) % 4
    with still(make_network(inplace=inplace)) as network:
        found = conductances_of(network, LAYERS, probe.images, targets, steps=6)
        for layer in LAYERS:
            captums = LayerConductance(network, network.get_submodule(layer)).attribute(
                probe.images, 0.0, target=targets, n_steps=6, method="riemann_trapezoid"
            )
            np.testing.assert_allclose(found[layer], captums.detach().sum((2, 3)), rtol=1e-3, atol=1e-5)


def test_conductance_adds_up_to_what_the_class_gains(make_network, probe):
    targets = torch.zeros(12, dtype=torch.int64)
    with still(make_network()) as network:
        found = conductances_of(network, LAYERS, probe.images, targets, steps=200)
        gain = (network(probe.images) - network(torch.zeros_like(probe.images)))[:, 0]
    for layer in LAYERS:
        np.testing.assert_allclose(found[layer].sum(1), gain, rtol=0.05, atol=0.05)


def test_same_network_agrees_exactly_and_a_random_one_does_not(networks, probe):
    found = Conductance(images=6)(networks, probe)
    assert found.metrics["spearman.compressed"] == 1.0
    assert found.metrics["spearman.random-weights"] < 0.7
    assert found.arrays["spearman.compressed"].shape == (2, 6)
    assert found.arrays["conductance.compressed.second"].shape == (12,)


def test_layers_of_another_width_are_noted_and_not_compared(networks, make_network, probe):
    found = Conductance(images=4)({**networks, "compressed": make_network(0, width=5)}, probe)
    assert found.metrics["spearman.compressed"] is None
    assert sum("of compressed at" in note for note in found.notes) == 2


def test_a_layer_that_is_missing_is_noted(networks, probe):
    found = Conductance(images=4)({**networks, "compressed": torch.nn.Sequential(torch.nn.Flatten())}, probe)
    assert "no module first, second" in found.notes[0]
    assert "spearman.compressed" not in found.metrics


def test_quantised_dead_and_missing(networks, quantized, dead, probe):
    found = Conductance(images=4)({"original": networks["original"], "compressed": quantized}, probe)
    assert found.metrics["spearman.compressed"] > 0.8 < found.metrics["spearman.compressed-bypassed"]
    assert Conductance(images=4)({**networks, "compressed": dead}, probe).metrics["spearman.compressed"] is None
    assert "no original" in Conductance()({"compressed": dead}, probe).notes[0]
