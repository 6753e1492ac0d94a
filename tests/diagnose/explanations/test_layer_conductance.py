import numpy as np
import pytest
import torch
from captum.attr import LayerConductance

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
